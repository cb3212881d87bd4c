"""Who may do what to a change: one source for buttons and for refusal.

Not even an administrator stands above it: whoever requested, carries out or owns what is changed works on
it, boards and administrators can stop it, and nobody approves their own (the votes themselves are checked
by `opsportal.approvals`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from rules.predicates import predicate

from changes.models import (
    BreakGlass,
    Change,
    ChangeComment,
    ChangeTarget,
    ChangeTemplate,
    SavedFilter,
    TemplateTarget,
)
from opsportal.accounts.selectors import roles_of, sits_on_a_board, teams_of
from opsportal.catalog.models import Service
from opsportal.core.access import allow
from opsportal.core.actor import Actor

PIPELINE_SCOPES = frozenset({"changes:write", "deployments:write"})


@dataclass(frozen=True, slots=True)
class Case:
    """A change, and what its actor is to it on one day."""

    change: Change
    owns_service: bool
    sits_on_board: bool


def case_of(actor: Actor, change: Change, targets: Collection[ChangeTarget], on: date) -> Case:
    """Return what `actor` is to `change` on that day (of UTC). Two queries for a person, none for a machine.

    `targets` have their service and its owner team loaded.
    """
    if not actor.is_user:
        return Case(change, owns_service=False, sits_on_board=False)
    owners = {target.service.owner_team.slug for target in targets}
    return Case(change, bool(owners & teams_of(actor.id, on)), sits_on_a_board(actor, on))


@dataclass(frozen=True, slots=True)
class TemplateCase:
    """A template, and what its actor is to it on one day."""

    template: ChangeTemplate
    owns_service: bool
    sits_on_board: bool


def template_case_of(
    actor: Actor, template: ChangeTemplate, targets: Collection[TemplateTarget], on: date
) -> TemplateCase:
    """Return what `actor` is to `template` on that day (of UTC). Two queries for a person.

    `targets` have their service and its owner team loaded.
    """
    if not actor.is_user:
        return TemplateCase(template, owns_service=False, sits_on_board=False)
    owners = {target.service.owner_team.slug for target in targets}
    return TemplateCase(template, bool(owners & teams_of(actor.id, on)), sits_on_a_board(actor, on))


@dataclass(frozen=True, slots=True)
class GlassCase:
    """A break-glass request, and what its actor is to it: whether they own all of its services, and
    whether they sit on a board or hold a role that decides on emergencies there."""

    glass: BreakGlass
    owns_services: bool
    decides: bool


def glass_case_of(
    actor: Actor, glass: BreakGlass, services: Collection[Service], roles: Collection[str], on: date
) -> GlassCase:
    """Return what `actor` is to `glass` on that day (of UTC); `roles` decide on emergencies there.

    Three queries for a person, none for a machine. `services` have their owner team loaded.
    """
    if not actor.is_user:
        return GlassCase(glass, owns_services=False, decides=False)
    owners = {service.owner_team.slug for service in services}
    held = roles_of(actor.id, on, services=[service.slug for service in services], teams=owners)
    return GlassCase(
        glass,
        owns_services=owners <= teams_of(actor.id, on),
        decides=bool(held & set(roles)) or sits_on_a_board(actor, on),
    )


@dataclass(frozen=True, slots=True)
class MeetingCase:
    """A board that meets, and whether its actor sits on it on one day; `attendee` is whose presence it is
    about."""

    board: str
    sits_on_it: bool
    attendee: str = ""


def meeting_case_of(actor: Actor, board: str, on: date, *, attendee: str = "") -> MeetingCase:
    """Return what `actor` is to the meetings of a board (its slug) on that day (of UTC). One query."""
    sits = actor.is_user and board in roles_of(actor.id, on)
    return MeetingCase(board, sits_on_it=sits, attendee=attendee)


@predicate
def is_person(actor: Actor) -> bool:
    return actor.is_user


@predicate
def is_portal_itself(actor: Actor, _subject: object | None = None) -> bool:
    """The portal's own commands, which need access to its machine."""
    return actor.is_system


@predicate
def may_write_changes(actor: Actor) -> bool:
    return actor.is_user or (actor.is_service_account and "changes:write" in actor.scopes)


@predicate
def is_administrator(actor: Actor) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_requester(actor: Actor, case: Case) -> bool:
    return actor.is_user and actor.id == str(case.change.requester_id)


@predicate
def is_implementer(actor: Actor, case: Case) -> bool:
    change = case.change
    return actor.is_user and actor.id in {str(change.implementer_id), str(change.started_by_id)}


@predicate
def owns_service(actor: Actor, case: Case) -> bool:
    return actor.is_user and case.owns_service


@predicate
def sits_on_board(actor: Actor, case: Case) -> bool:
    return actor.is_user and case.sits_on_board


@predicate
def holds_it(actor: Actor, case: Case) -> bool:
    return actor.is_user and actor.id == str(case.change.held_by_id)


@predicate
def wrote_it_by_machine(actor: Actor, case: Case) -> bool:
    """A service account that wrote the change itself, with a token that may still write changes."""
    return actor.is_service_account and "changes:write" in actor.scopes and actor.id in case.change.author_ids


@predicate
def owns_filter(actor: Actor, saved: SavedFilter) -> bool:
    return actor.is_user and actor.id == str(saved.owner_id)


@predicate
def wrote_comment(actor: Actor, comment: ChangeComment) -> bool:
    return actor.is_user and actor.id == str(comment.author_id)


@predicate
def is_pipeline(actor: Actor) -> bool:
    return actor.is_service_account and bool(PIPELINE_SCOPES & actor.scopes)


@predicate
def may_register_deployments(actor: Actor) -> bool:
    return actor.is_service_account and "deployments:write" in actor.scopes


@predicate
def may_ask_the_gate(actor: Actor) -> bool:
    return actor.is_user or (actor.is_service_account and "gate:read" in actor.scopes)


@predicate
def wrote_template(actor: Actor, case: TemplateCase) -> bool:
    return actor.is_user and actor.id in {str(case.template.author_id), *case.template.author_ids}


@predicate
def owns_template_service(actor: Actor, case: TemplateCase) -> bool:
    return actor.is_user and case.owns_service


@predicate
def stops_template(actor: Actor, case: TemplateCase) -> bool:
    return actor.is_user and (case.sits_on_board or actor.is_staff)


@predicate
def asked_for_it(actor: Actor, case: GlassCase) -> bool:
    return actor.is_user and actor.id == str(case.glass.asked_by_id)


@predicate
def is_second_person(actor: Actor, case: GlassCase) -> bool:
    """Somebody who may answer for it, and who is not the one who asked."""
    return actor.is_user and actor.id != str(case.glass.asked_by_id) and (case.owns_services or case.decides)


@predicate
def ends_it(actor: Actor, case: GlassCase) -> bool:
    return actor.is_user and (case.owns_services or case.decides or actor.is_staff)


@predicate
def is_the_portal(actor: Actor) -> bool:
    return actor.is_system


@predicate
def sits_on_that_board(actor: Actor, case: MeetingCase) -> bool:
    return actor.is_user and case.sits_on_it


@predicate
def is_the_attendee(actor: Actor, case: MeetingCase) -> bool:
    return actor.is_user and actor.id == case.attendee


works_on_template = wrote_template | owns_template_service
involved = is_requester | is_implementer | owns_service
works_on_it = involved | wrote_it_by_machine
carries_it_out = involved | is_pipeline
stops_it = involved | sits_on_board | is_administrator
releases_it = holds_it | sits_on_board | is_administrator

_WORKERS = "the requester, the implementer and the team that owns the service"


def register() -> None:
    """Register this app's permissions on changes; called once, by its AppConfig."""
    allow(
        "change.create", may_write_changes, otherwise="Sign in, or use a token with the scope changes:write."
    )
    for verb in ("edit", "submit", "withdraw", "cancel", "schedule"):
        allow(f"change.{verb}", works_on_it, otherwise=f"Only {_WORKERS} may {verb} this change.")
    for verb, words in {
        "start": "start",
        "fail": "report the failure of",
        "roll_back": "report the roll-back of",
    }.items():
        allow(f"change.{verb}", carries_it_out, otherwise=f"Only {_WORKERS} may {words} this change.")
    allow(
        "change.activate_standard",
        involved | is_portal_itself,
        otherwise=f"Only {_WORKERS} may put in force the standard that this change names.",
    )
    for verb, words in {
        "review": "write the review of",
        "attest": "attest a duty on",
        "answer": "answer an objection to",
        "close": "close",
    }.items():
        allow(f"change.{verb}", involved, otherwise=f"Only {_WORKERS} may {words} this change.")
    allow("change.vote", is_person, otherwise="Only people vote; a service account never can.")
    # Who of them is checked with the stage that rejected it.
    allow("change.settle", is_person, otherwise="Only people settle an objection.")
    allow("change.comment", is_person, otherwise="Only people comment on a change.")
    allow("change.comment_edit", wrote_comment, otherwise="Only whoever wrote a comment edits it.")
    allow("change.watch", is_person, otherwise="Only people watch a change.")
    allow(
        "change.attach",
        may_write_changes,
        otherwise="Only people attach files, and pipelines with a token that has the scope changes:write.",
    )
    allow(
        "change.detach",
        involved | is_administrator,
        otherwise=f"Only {_WORKERS}, administrators and whoever attached it may remove this file.",
    )
    allow(
        "change.hold",
        stops_it,
        otherwise=f"Only {_WORKERS}, members of a board and administrators may hold it.",
    )
    allow(
        "change.release",
        releases_it,
        otherwise="Only whoever holds this change, members of a board and administrators may release it.",
    )
    # What the portal began itself (a break-glass), it ends itself.
    allow(
        "change.complete",
        carries_it_out | is_the_portal,
        otherwise=f"Only {_WORKERS} may complete this change.",
    )
    allow("filter.save", is_person, otherwise="Only people keep filters.")
    allow("filter.remove", owns_filter, otherwise="Only whoever saved a filter changes or removes it.")
    _register_templates()
    _register_deployments()
    _register_break_glass()
    _register_meetings()


def _register_templates() -> None:
    writers = "its authors and the teams that own its services"
    allow("template.create", is_person, otherwise="Only people write templates.")
    for verb in ("edit", "submit", "withdraw"):
        allow(f"template.{verb}", works_on_template, otherwise=f"Only {writers} may {verb} this template.")
    allow(
        "template.retire",
        works_on_template | stops_template,
        otherwise=f"Only {writers}, members of a board and administrators may retire this template.",
    )
    allow("template.vote", is_person, otherwise="Only people vote; a service account never can.")


def _register_deployments() -> None:
    for verb in ("register", "report"):
        allow(
            f"deployment.{verb}",
            may_register_deployments,
            otherwise="Only a pipeline does this, with a token that has the scope deployments:write.",
        )
    allow(
        "gate.ask",
        may_ask_the_gate,
        otherwise="Sign in, or use a token with the scope gate:read.",
        auditors_too=True,
    )


def _register_break_glass() -> None:
    allow("break_glass.ask", is_person, otherwise="Only people ask to break the glass; a machine never can.")
    for verb in ("confirm", "refuse"):
        allow(
            f"break_glass.{verb}",
            is_second_person,
            otherwise="A second person decides on this: a member of a board, somebody whose role decides on"
            " emergencies here, or somebody of the team that owns all of its services; never whoever asked.",
        )
    allow(
        "break_glass.revoke",
        asked_for_it | ends_it,
        otherwise="Only whoever asked, the teams that own its services, members of a board and administrators"
        " may end this.",
    )


def _register_meetings() -> None:
    keepers = sits_on_that_board | is_administrator
    for verb, words in {
        "call": "call a meeting of it",
        "edit": "change its meetings",
        "cancel": "cancel its meetings",
        "close": "close the minutes of its meetings",
        "remove": "take things off its agenda",
    }.items():
        allow(
            f"meeting.{verb}",
            keepers,
            otherwise=f"Only members of this board and administrators {words}.",
        )
    allow("meeting.add", is_person, otherwise="Only people put things on an agenda.")
    allow("meeting.decide", is_person, otherwise="Only people vote; a service account never can.")
    allow(
        "meeting.attend",
        keepers | is_the_attendee,
        otherwise="Only members of this board and administrators note who is there; all may for themselves.",
    )

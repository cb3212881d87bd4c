"""Who may do what in governance: access reviews, decisions, checklists, training, scans, requests, plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rules.predicates import predicate

from compliance.models import AccessHolding, PersonRequest
from compliance.selectors.asked_roles import is_asked, roles_asked
from opsportal.accounts.selectors import holds_role, roles_of, teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "compliance:write"
SCANNED = ("scan.recorded", "service.scanned")


@dataclass(frozen=True, slots=True)
class ChecklistCase:
    """A checklist: its slug, the role whose it is (empty: everybody's), and when it is asked (UTC)."""

    slug: str
    role: str
    now: datetime


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """Whose training: its trainer (a user's id), the team that is taught (empty: not one), when (UTC)."""

    trainer: str
    team: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ScanCase:
    """What a scan or a vulnerability is about: the team of its service (empty: the organisation), when (UTC).

    `scanner` is the id of the person who recorded the scan, `ender` of the one who said that it is gone.
    """

    team: str
    now: datetime
    scanner: str = ""
    ender: str = ""


@dataclass(frozen=True, slots=True)
class PlanCase:
    """A phase of the plan (its owner's id, may be empty), an item in it (its owner's), and when (UTC)."""

    now: datetime
    phase_owner: str = ""
    item_owner: str = ""


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_machine_of_ours(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_service_account and SCOPE in actor.scopes


@predicate
def is_the_portal(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_system


@predicate
def holds_it_themselves(actor: Actor, holding: AccessHolding) -> bool:
    return holding.person_id is not None and actor.id == str(holding.person_id)


@predicate
def reviews_it(actor: Actor, holding: AccessHolding) -> bool:
    return holding.reviewer_id is not None and actor.id == str(holding.reviewer_id)


@predicate
def is_asked_to_sign(actor: Actor, case: ChecklistCase) -> bool:
    asked = roles_asked("checklist.signed", {"checklist.slug": case.slug}) | ({case.role} - {""})
    if not actor.is_user or not asked:
        return actor.is_user
    return bool(asked & roles_of(actor.id, case.now.astimezone(UTC).date()))


@predicate
def is_asked_to_train(actor: Actor, case: TrainingCase) -> bool:
    return is_asked(actor, case.now, "training.held")


@predicate
def is_of_the_taught_team(actor: Actor, case: TrainingCase) -> bool:
    return actor.is_user and case.team in teams_of(actor.id, case.now.astimezone(UTC).date())


@predicate
def trains(actor: Actor, case: TrainingCase) -> bool:
    return actor.is_user and actor.id == case.trainer


@predicate
def is_asked_to_scan(actor: Actor, case: ScanCase) -> bool:
    return any(is_asked(actor, case.now, event) for event in SCANNED)


@predicate
def is_of_the_scanned_team(actor: Actor, case: ScanCase) -> bool:
    return actor.is_user and case.team in teams_of(actor.id, case.now.astimezone(UTC).date())


@predicate
def scanned_the_organisation(actor: Actor, case: ScanCase) -> bool:
    """Nobody's team owes what no service has; who recorded the scan does."""
    return actor.is_user and not case.team and actor.id == case.scanner


@predicate
def ended_it(actor: Actor, case: ScanCase) -> bool:
    return actor.is_user and actor.id == case.ender


@predicate
def is_asked_how_mature(actor: Actor, case: PlanCase) -> bool:
    return is_asked(actor, case.now, "maturity.assessed")


@predicate
def owns_the_phase(actor: Actor, case: PlanCase) -> bool:
    return actor.is_user and actor.id == case.phase_owner


@predicate
def owns_the_item(actor: Actor, case: PlanCase) -> bool:
    return actor.is_user and actor.id == case.item_owner


@predicate
def handles_it(actor: Actor, request: PersonRequest) -> bool:
    return actor.is_user and actor.id == str(request.handler_id)


@predicate
def took_it_in(actor: Actor, request: PersonRequest) -> bool:
    return actor.is_user and actor.id == str(request.taken_in_by_id)


@predicate
def sits_there(actor: Actor, case: tuple[str, datetime]) -> bool:
    board, now = case
    return holds_role(actor, board, now.astimezone(UTC).date())


@predicate
def answers_for_it(actor: Actor, case: tuple[str, datetime]) -> bool:
    team, now = case
    return team in teams_of(actor.id, now.astimezone(UTC).date())


def register() -> None:
    """Register the permissions of governance."""
    writers = is_person | is_machine_of_ours | is_the_portal
    allow(
        "access_review.run",
        is_administrator | is_the_portal,
        otherwise="Only administrators open, complete and cancel access reviews.",
    )
    allow(
        "access_review.decide",
        is_person & (reviews_it | is_administrator) & ~holds_it_themselves,
        otherwise="Who is named as its reviewer, or an administrator, decides; never who holds it.",
    )
    allow(
        "decision.record",
        is_administrator | (is_person & sits_there),
        otherwise="Only members of that board and administrators record its decisions.",
    )
    allow("checklist.define", is_administrator | is_the_portal, otherwise="Only administrators do this.")
    allow(
        "checklist.sign",
        is_administrator | is_asked_to_sign,
        otherwise="Only holders of the role that is asked to go through this checklist, and administrators,"
        " do this.",
    )
    allow("training.define", is_administrator | is_the_portal, otherwise="Only administrators do this.")
    trainers = is_administrator | is_asked_to_train | is_of_the_taught_team
    allow(
        "training.plan",
        trainers,
        otherwise="Only administrators, holders of a role that the standard asks to train people, and members"
        " of the team that is taught plan a training.",
    )
    allow(
        "training.record",
        trainers | trains,
        otherwise="Only its trainer, administrators, holders of a role that the standard asks to train,"
        " and members of the team that is taught say who was there.",
    )
    allow("scan.record", writers, otherwise="Sign in, or use a token with the scope compliance:write.")
    scanners = (
        is_administrator
        | is_asked_to_scan
        | is_of_the_scanned_team
        | scanned_the_organisation
        | is_machine_of_ours
        | is_the_portal
    )
    of_it = (
        "Only members of the service's team, holders of a role that the standard asks to scan,"
        " administrators and tokens with compliance:write"
    )
    allow("scan.answer_for", scanners, otherwise=f"{of_it} say what is gone.")
    allow("vulnerability.work", scanners, otherwise=f"{of_it} do this.")
    allow(
        "vulnerability.accept",
        is_administrator,
        otherwise="Only administrators accept the risk of a vulnerability.",
    )
    allow(
        "vulnerability.verify",
        is_person & scanners & ~ended_it,
        otherwise="A later scan verifies it, or somebody else than who fixed it: a member of the service's"
        " team, a holder of a role that the standard asks to scan, an administrator.",
    )
    allow("person_request.receive", is_person, otherwise="People take in requests of persons; sign in.")
    allow(
        "person_request.handle",
        is_person & (handles_it | is_administrator),
        otherwise="Who handles the request, or an administrator, does this.",
    )
    allow(
        "person_request.see",
        is_person & (handles_it | took_it_in | is_administrator),
        otherwise="Who handles the request, who took it in, and administrators see whom it is about.",
    )
    planners = is_administrator | is_asked_how_mature
    allow(
        "improvement.phase",
        planners,
        otherwise="Only administrators, and holders of the role that the standard asks to assess maturity,"
        " plan phases.",
    )
    allow(
        "improvement.plan",
        planners | owns_the_phase,
        otherwise="Only the owner of the phase, administrators, and holders of the role that the standard"
        " asks to assess maturity, plan what is done in it.",
    )
    allow(
        "improvement.do",
        planners | owns_the_phase | owns_the_item,
        otherwise="Only its owner, the owner of its phase and administrators do this.",
    )
    allow(
        "maturity.assess",
        planners & is_person,
        otherwise="Only administrators, and holders of the role that the standard asks to, assess maturity.",
    )
    allow("declaration.make", is_person, otherwise="People declare; sign in.")
    allow(
        "readiness.state",
        is_administrator | (is_person & answers_for_it),
        otherwise="Members of the service's team, and administrators, state how ready it is.",
    )

"""Who may do what to frameworks, controls, evidence and exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from rules.predicates import predicate

from compliance.selectors.controls import controls_answered_by
from opsportal.accounts.selectors import sits_on_a_board, teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

WRITE_SCOPE = "compliance:write"


@dataclass(frozen=True, slots=True)
class OwnedCase:
    """Who owns the thing (a user's id, a team's slug, either may be empty), and when it is asked (UTC)."""

    owner: str
    team: str
    now: datetime


@dataclass(frozen=True, slots=True)
class EvidenceCase:
    """Who brought a piece of evidence (a user's id, or empty), and the controls that it speaks for."""

    bringer: str
    controls: tuple[OwnedCase, ...]


@dataclass(frozen=True, slots=True)
class ExceptionCase:
    """Who asked for an exception, whose control it is about (ids; may be empty), when it is asked (UTC)."""

    requester: str
    owner: str
    now: datetime


class BoardCase(Protocol):
    """Anything that says when it is asked (UTC)."""

    @property
    def now(self) -> datetime: ...


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def has_scope(actor: Actor, _subject: object | None = None) -> bool:
    """A machine whose token may write compliance."""
    return actor.is_service_account and WRITE_SCOPE in actor.scopes


@predicate
def is_portal(actor: Actor, _subject: object | None = None) -> bool:
    """The portal's own work, e.g. loading the frameworks that it ships."""
    return actor.is_system


@predicate
def owns_it(actor: Actor, case: OwnedCase) -> bool:
    if not actor.is_user:
        return False
    of_team = bool(case.team) and case.team in teams_of(actor.id, case.now.astimezone(UTC).date())
    return actor.id == case.owner or of_team


@predicate
def brought_it(actor: Actor, case: EvidenceCase) -> bool:
    return actor.is_user and actor.id == case.bringer


@predicate
def owns_a_control_of_it(actor: Actor, case: EvidenceCase) -> bool:
    return any(owns_it(actor, control) for control in case.controls)


@predicate
def answers_for_a_control(actor: Actor, now: datetime) -> bool:
    return controls_answered_by(actor, now).exists()


@predicate
def is_on_a_board(actor: Actor, case: BoardCase) -> bool:
    return sits_on_a_board(actor, case.now.astimezone(UTC).date())


@predicate
def is_not_their_own(actor: Actor, case: ExceptionCase) -> bool:
    return actor.is_user and actor.id not in {case.requester, case.owner}


@predicate
def requested_it(actor: Actor, case: ExceptionCase) -> bool:
    return actor.is_user and actor.id == case.requester


def register() -> None:
    """Register the permissions of controls."""
    owners = "Only its owner, the members of its team and administrators may do this."
    allow(
        "framework.import", is_administrator | is_portal, otherwise="Only administrators import frameworks."
    )
    allow("control.write", is_administrator | owns_it | has_scope, otherwise=owners)
    allow("control.review", is_administrator | owns_it, otherwise=f"A review is a person's word. {owners}")
    allow("control.retire", is_administrator, otherwise="Only administrators retire a control.")
    bringers = "its owner, the members of its team, administrators and tokens with compliance:write"
    allow(
        "evidence.add",
        is_administrator | owns_it | has_scope,
        otherwise=f"Evidence for a control is brought by {bringers}. Show them what you have.",
    )
    allow(
        "evidence.begin",
        is_administrator | answers_for_a_control | has_scope,
        otherwise=f"You own no control. Evidence for one is brought by {bringers}. Show them what you have.",
    )
    allow(
        "evidence.change",
        is_administrator | brought_it | owns_a_control_of_it | has_scope,
        otherwise="Only who brought it, who owns a control that it speaks for, administrators and tokens"
        " with compliance:write may do this.",
    )
    allow("exception.request", is_person, otherwise="Only people ask for an exception.")
    allow(
        "exception.decide",
        (is_administrator | is_on_a_board) & is_not_their_own,
        otherwise="Administrators and members of a board decide, and never on what they asked for or own.",
    )
    allow("exception.withdraw", requested_it, otherwise="Only who asked for it may withdraw it.")
    allow(
        "exception.revoke",
        is_administrator | is_on_a_board | requested_it,
        otherwise="Only who asked for it, administrators and members of a board may revoke it.",
    )

"""Who may do what to a runbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rules.predicates import predicate

from opsportal.accounts.selectors import teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

WRITE_SCOPE = "incidents:write"


@dataclass(frozen=True, slots=True)
class RunbookCase:
    """Which team (its slug) owns the runbook, who keeps it (a user's id), and when it is asked (UTC)."""

    team: str
    keeper: str
    now: datetime


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def has_scope(actor: Actor, _subject: object | None = None) -> bool:
    """A machine whose token may write incidents: runbooks that live in a repository come by it."""
    return actor.is_service_account and WRITE_SCOPE in actor.scopes


@predicate
def keeps_it(actor: Actor, case: RunbookCase) -> bool:
    return actor.is_user and actor.id == case.keeper


@predicate
def is_of_its_team(actor: Actor, case: RunbookCase) -> bool:
    return actor.is_user and case.team in teams_of(actor.id, case.now.astimezone(UTC).date())


def register() -> None:
    """Register the permissions of runbooks."""
    of_it = is_administrator | keeps_it | is_of_its_team
    owners = "Only members of the owner team, the keeper and administrators may do this."
    allow("runbook.write", of_it | has_scope, otherwise=owners)
    allow("runbook.publish", of_it | has_scope, otherwise=owners)
    allow("runbook.review", of_it, otherwise=f"A review is a person's word. {owners}")
    allow("runbook.retire", of_it, otherwise=owners)
    # Whoever responds follows it, whichever team wrote it.
    allow("runbook.run", is_person, otherwise="Only people follow a runbook step by step.")

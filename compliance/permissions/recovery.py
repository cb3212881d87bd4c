"""Who may do what with assets, backups, restore tests, exercises, holds and purges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rules.predicates import predicate

from compliance.selectors.asked_roles import roles_asked
from opsportal.accounts.selectors import roles_of, teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

WRITE_SCOPE = "compliance:write"
EXERCISED = ("exercise.completed", "exercise.completed_for_service")


@dataclass(frozen=True, slots=True)
class AssetCase:
    """Which team (its slug) owns the asset, who owes for it (a user's id), and when it is asked (UTC)."""

    team: str
    owner: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ExerciseCase:
    """An exercise: its kind, who planned and who leads it (ids; may be empty), the teams of its services.

    `now` is when it is asked (UTC).
    """

    kind: str
    planner: str
    leader: str
    teams: frozenset[str]
    now: datetime


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_the_portal(actor: Actor, _subject: object | None = None) -> bool:
    """The portal itself, which keeps records of its own backups, and whoever has its command line."""
    return actor.is_system


@predicate
def has_scope(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_service_account and WRITE_SCOPE in actor.scopes


@predicate
def owns_it(actor: Actor, case: AssetCase) -> bool:
    return actor.is_user and actor.id == case.owner


@predicate
def is_of_its_team(actor: Actor, case: AssetCase) -> bool:
    return actor.is_user and case.team in teams_of(actor.id, case.now.astimezone(UTC).date())


@predicate
def planned_it(actor: Actor, case: ExerciseCase) -> bool:
    return actor.is_user and actor.id == case.planner


@predicate
def leads_it(actor: Actor, case: ExerciseCase) -> bool:
    return actor.is_user and actor.id == case.leader


@predicate
def is_of_one_of_its_teams(actor: Actor, case: ExerciseCase) -> bool:
    return actor.is_user and bool(case.teams & teams_of(actor.id, case.now.astimezone(UTC).date()))


@predicate
def is_asked_to_exercise(actor: Actor, case: ExerciseCase) -> bool:
    """What is of no service and asked of nobody may be exercised by every person."""
    facts = {"exercise.kind": case.kind}
    asked = set().union(*(roles_asked(event, facts) for event in EXERCISED))
    if not actor.is_user or (not asked and not case.teams):
        return actor.is_user
    return bool(asked & roles_of(actor.id, case.now.astimezone(UTC).date()))


def register() -> None:
    """Register the permissions of this area."""
    of_it = is_administrator | owns_it | is_of_its_team
    owners = (
        "Only members of the owner team, the owner, administrators and tokens with"
        f" {WRITE_SCOPE} may do this."
    )
    people_and_machines = f"Only people who sign in and tokens with {WRITE_SCOPE} may do this."
    allow("asset.write", of_it | has_scope | is_the_portal, otherwise=owners)
    allow("backup.record", of_it | has_scope | is_the_portal, otherwise=owners)
    allow("restore_test.conduct", of_it | has_scope | is_the_portal, otherwise=owners)
    allow("restore_test.witness", is_person, otherwise="Only people witness something.")
    allow("exercise.plan", is_person | has_scope, otherwise=people_and_machines)
    # An exercise reaches across teams: one of them leads it, and it counts for all of its services.
    conducts = is_administrator | leads_it | is_of_one_of_its_teams | is_asked_to_exercise | has_scope
    conductors = (
        "Who leads it, members of the teams of its services, holders of a role that the standard asks for it,"
        f" administrators and tokens with {WRITE_SCOPE} do this."
    )
    allow("exercise.edit", conducts | planned_it, otherwise=conductors)
    allow("exercise.conduct", conducts, otherwise=conductors)
    allow("hold.write", is_administrator, otherwise="Only administrators place and lift legal holds.")
    allow(
        "records.purge",
        is_the_portal,
        otherwise="Records are deleted by `manage.py purge` alone, run as the owner of the database.",
    )

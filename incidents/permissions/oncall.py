"""Who may write on-call schedules and the exceptions from them."""

from __future__ import annotations

from dataclasses import dataclass

from rules.predicates import predicate

from opsportal.accounts.permissions import administration
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "oncall:write"
LEADING = frozenset({"team-lead", "engineering-manager", "manager"})
"""Job roles whose holders, for a team or everywhere, lead it: they see to the time on call of its people."""


@dataclass(frozen=True, slots=True)
class ScheduleCase:
    """What its actor is to a schedule: of the team that it belongs to, in its rotations, its lead."""

    of_the_team: bool = False
    takes_part: bool = False
    leads: bool = False


@predicate
def is_of_the_team(_actor: Actor, case: ScheduleCase | None = None) -> bool:
    return case is not None and case.of_the_team


@predicate
def takes_part(_actor: Actor, case: ScheduleCase | None = None) -> bool:
    return case is not None and case.takes_part


@predicate
def is_machine_of_ours(actor: Actor, _case: object | None = None) -> bool:
    """A service account whose token may write schedules."""
    return actor.is_service_account and SCOPE in actor.scopes


def register() -> None:
    """Register this area's permissions; called once, by the app's AppConfig."""
    allow(
        "schedule.write",
        administration | is_machine_of_ours | is_of_the_team,
        otherwise="Only members of the schedule's team, administrators and tokens with the scope oncall:write"
        " write it. Ask somebody of the team.",
    )
    allow(
        "override.write",
        administration | is_machine_of_ours | is_of_the_team | takes_part,
        otherwise="Only those who take part in the schedule, members of its team, administrators and tokens"
        " with the scope oncall:write make exceptions from it.",
    )

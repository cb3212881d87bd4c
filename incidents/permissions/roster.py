"""Who may offer, take and hand over time on call, shadow somebody, and import schedules."""

from __future__ import annotations

from dataclasses import dataclass

from rules.predicates import predicate

from incidents.models import Handover, Shadow, ShiftSwap
from incidents.permissions.oncall import ScheduleCase
from opsportal.accounts.permissions import administration
from opsportal.core.access import allow
from opsportal.core.actor import Actor

PART = "Only those who take part in the schedule and members of its team"


@dataclass(frozen=True, slots=True)
class SwapCase:
    """An offer, and what its actor is to the schedule."""

    swap: ShiftSwap
    of_the_team: bool = False
    takes_part: bool = False
    leads: bool = False


@dataclass(frozen=True, slots=True)
class ShadowCase:
    """A shadowing (or one that is to be), whose it is, and what its actor is to the schedule."""

    person: str
    shadow: Shadow | None = None
    of_the_team: bool = False


@dataclass(frozen=True, slots=True)
class HandoverCase:
    """A handover, and whether its actor belongs to the schedule's team."""

    handover: Handover | None = None
    of_the_team: bool = False
    takes_part: bool = False


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def offered_it(actor: Actor, case: SwapCase) -> bool:
    return actor.is_user and actor.id == str(case.swap.offered_by_id)


@predicate
def took_it(actor: Actor, case: SwapCase) -> bool:
    return actor.is_user and actor.id == str(case.swap.taken_by_id)


@predicate
def could_have_it(actor: Actor, case: SwapCase) -> bool:
    return actor.is_user and (case.of_the_team or case.takes_part)


@predicate
def is_of_the_team(_actor: Actor, case: SwapCase | ShadowCase | HandoverCase) -> bool:
    return case.of_the_team


@predicate
def leads_it(_actor: Actor, case: SwapCase | ScheduleCase) -> bool:
    return case.leads


@predicate
def is_auditor(actor: Actor, _case: object | None = None) -> bool:
    return actor.is_auditor


@predicate
def is_machine(actor: Actor, _case: object | None = None) -> bool:
    """A service account; the scope of its token says whether it reads about time on call."""
    return actor.is_service_account


@predicate
def shadows_it(actor: Actor, case: ShadowCase) -> bool:
    return actor.is_user and actor.id == case.person


@predicate
def hands_over(actor: Actor, case: HandoverCase) -> bool:
    handover = case.handover
    return (
        actor.is_user
        and handover is not None
        and actor.id in {str(handover.outgoing_id), str(handover.incoming_id)}
    )


@predicate
def takes_part(actor: Actor, case: HandoverCase) -> bool:
    return actor.is_user and case.takes_part


def register() -> None:
    """Register this area's permissions; called once, by the app's AppConfig."""
    allow("swap.offer", is_person, otherwise="Only people offer their time on call.")
    allow(
        "swap.take",
        could_have_it & ~offered_it,
        otherwise=f"{PART} take what is offered, and nobody their own.",
    )
    allow(
        "swap.withdraw",
        offered_it | leads_it | administration,
        otherwise="Only whoever offered it, who leads the schedule's team and administrators take the offer"
        " back.",
    )
    allow(
        "swap.undo",
        offered_it | took_it | leads_it | administration,
        otherwise="Only the two whom it concerns, who leads the schedule's team and administrators undo it.",
    )
    allow(
        "shadow.write",
        shadows_it | is_of_the_team | administration,
        otherwise="Only whoever learns, members of the schedule's team and administrators set this.",
    )
    allow(
        "handover.open",
        takes_part | is_of_the_team | administration,
        otherwise=f"{PART}, and administrators, open a handover.",
    )
    allow(
        "handover.work",
        hands_over,
        otherwise="Only the two who hand over go through the list and write its notes.",
    )
    allow("handover.sign", hands_over, otherwise="Only the two who hand over sign it.")
    allow(
        "oncall.import",
        administration,
        otherwise="Only administrators take over schedules from another system.",
    )
    allow(
        "oncall.hours",
        leads_it | administration | is_machine | is_auditor,
        otherwise="Only who leads the schedule's team, administrators and auditors see the hours of others.",
        auditors_too=True,
    )

"""Who may waive what somebody owes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.plan import from_data
from opsportal.obligations.selectors import holders_among, holds_one_of
from opsportal.obligations.terms import scope_of


@dataclass(frozen=True, slots=True)
class Waiving:
    """An obligation, and when (aware UTC) somebody would waive it."""

    obligation: Obligation
    now: datetime


@predicate
def owes_it(actor: Actor, waiving: Waiving) -> bool:
    """The actor is the one who owes it, or holds a role that does, or stands in for who does."""
    owner = waiving.obligation.owner
    if owner.kind == "user":
        return actor.id in owner.keys
    services, teams = scope_of(waiving.obligation.scope)
    return holders_among(owner.keys, waiving.now, services, teams).filter(pk=actor.id).exists()


@predicate
def is_climbed_to(actor: Actor, waiving: Waiving) -> bool:
    """The actor holds a role that the standard tells when the thing is late: those answer for lateness."""
    roles = {step.role for step in from_data(waiving.obligation.steps) if step.role}
    services, teams = scope_of(waiving.obligation.scope)
    return holds_one_of(actor.id, roles, waiving.now, services, teams)


@predicate
def is_administrator(actor: Actor) -> bool:
    return actor.is_staff


@predicate
def is_person(actor: Actor) -> bool:
    return actor.is_user


# Nobody lets themselves off: whoever owes it is out, administrators too.
may_waive = is_person & ~owes_it & (is_administrator | is_climbed_to)


def register() -> None:
    """Register the permissions of this app."""
    allow(
        "obligation.waive",
        may_waive,
        otherwise="Only a person to whose role the standard takes it when it is late, or an administrator,"
        " may waive it; and nobody waives what they owe themselves.",
    )

"""Who may waive what somebody owes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.plan import from_data
from opsportal.obligations.selectors import holders_among
from opsportal.obligations.terms import scope_of


@dataclass(frozen=True, slots=True)
class Waiving:
    """An obligation, and the day on which somebody would waive it (roles are held by the day)."""

    obligation: Obligation
    on: date


def _holds_one(actor: Actor, roles: Collection[str], waiving: Waiving) -> bool:
    services, teams = scope_of(waiving.obligation.scope)
    return holders_among(roles, waiving.on, services, teams).filter(pk=actor.id).exists()


@predicate
def owes_it(actor: Actor, waiving: Waiving) -> bool:
    """The actor is the one who owes it, or holds a role that does."""
    owner = waiving.obligation.owner
    if owner.kind == "user":
        return actor.id in owner.keys
    return _holds_one(actor, owner.keys, waiving)


@predicate
def is_climbed_to(actor: Actor, waiving: Waiving) -> bool:
    """The actor holds a role that the standard tells when the thing is late: those answer for lateness."""
    roles = {step.role for step in from_data(waiving.obligation.steps) if step.role}
    return _holds_one(actor, roles, waiving)


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

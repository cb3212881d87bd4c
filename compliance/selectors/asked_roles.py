"""Whom the standard in force asks for something again and again: who is asked may do it."""

from __future__ import annotations

from datetime import UTC, datetime

from compliance.selectors.core import recurring
from opsportal.accounts.selectors import roles_of
from opsportal.core.actor import Actor
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.standing import Recur
from opsportal.standards.vocabulary import Facts


def roles_asked(event: str, facts: Facts | None = None) -> set[str]:
    """Return the slugs of the roles that owe `event` by a rule of the form `recur`; none without a standard.

    With `facts` those alone by whose rule an event of such facts may count; what is not known may.
    """
    found = in_force_or_none()
    roles: set[str] = set()
    for rule in recurring(found.standard, event) if found else ():
        demand = rule.demand
        assert isinstance(demand, Recur)  # noqa: S101 - rules are chosen by it
        role = demand.owner.removeprefix("role:")
        is_ruled_out = demand.counts is not None and demand.counts.evaluate(facts or {}) is False
        if role != demand.owner and not is_ruled_out:
            roles.add(role)
    return roles


def is_asked(actor: Actor, now: datetime, event: str, facts: Facts | None = None) -> bool:
    """Return whether `actor` is a person who holds a role of `roles_asked` at `now` (aware UTC)."""
    if not actor.is_user:
        return False
    roles = roles_asked(event, facts)
    return bool(roles) and bool(roles & roles_of(actor.id, now.astimezone(UTC).date()))

"""Who may read notifications, and repair what was given up."""

from __future__ import annotations

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor


@predicate
def is_person(actor: Actor) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor) -> bool:
    return actor.is_user and actor.is_staff


def register() -> None:
    """Register the permissions of this app."""
    allow("notification.read", is_person, otherwise="Only people have notifications.")
    allow("notification.choose", is_person, otherwise="Only people have notifications.")
    allow(
        "operations.see",
        is_administrator,
        otherwise="Only administrators see how the portal does.",
    )
    allow("operations.repair", is_administrator, otherwise="Only administrators may repair the portal.")

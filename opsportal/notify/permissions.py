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


@predicate
def is_auditor(actor: Actor) -> bool:
    return actor.is_user and actor.is_auditor


def register() -> None:
    """Register the permissions of this app."""
    allow("notification.read", is_person, otherwise="Only people have notifications.", auditors_too=True)
    allow("notification.choose", is_person, otherwise="Only people have notifications.", auditors_too=True)
    allow(
        "operations.see",
        is_administrator | is_auditor,
        otherwise="Only administrators and auditors see how the portal does.",
        auditors_too=True,
    )
    allow("operations.repair", is_administrator, otherwise="Only administrators may repair the portal.")

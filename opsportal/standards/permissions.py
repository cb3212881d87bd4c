"""Who may put a standard in force."""

from __future__ import annotations

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor


@predicate
def is_portal_itself(actor: Actor, _subject: object | None = None) -> bool:
    """The portal's own commands, which need access to its machine."""
    return actor.is_system


def register() -> None:
    """Register this app's permissions."""
    allow(
        "standards.activate",
        is_portal_itself,
        otherwise="A standard is put in force on the portal's own machine: manage.py standard activate NAME.",
    )

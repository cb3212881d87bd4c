"""Who may put a standard in force, and who may record its review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rules.predicates import predicate

from opsportal.accounts.selectors import holds_role
from opsportal.core.access import allow
from opsportal.core.actor import Actor
from opsportal.standards.rules import Standard


@dataclass(frozen=True, slots=True)
class Reviewing:
    """A standard, and the day on which somebody would record its review (roles are held by the day)."""

    standard: Standard
    on: date


@predicate
def is_portal_itself(actor: Actor, _subject: object | None = None) -> bool:
    """The portal's own commands, which need access to its machine."""
    return actor.is_system


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    """A person who is an administrator; a service account never is one."""
    return actor.is_user and actor.is_staff


@predicate
def reviews_it(actor: Actor, reviewing: Reviewing) -> bool:
    """Somebody who holds the role that the standard names for its review."""
    role = reviewing.standard.review_by
    return bool(role) and holds_role(actor, role, reviewing.on)


@predicate
def has_approved_change(actor: Actor, change: str | None = None) -> bool:
    """An approved change stands behind it: `change` is its key, and its service has checked the rest."""
    return bool(change) and (actor.is_user or actor.is_system)


def register() -> None:
    """Register this app's permissions."""
    allow(
        "standards.activate",
        is_portal_itself | has_approved_change,
        otherwise="A standard is put in force by an approved change that names it. Only the first one of an"
        " installation is not: manage.py standard activate NAME, on the portal's own machine.",
    )
    allow(
        "standards.propose",
        is_portal_itself | is_administrator,
        otherwise="Only administrators propose a standard.",
    )
    allow(
        "standards.review",
        is_administrator | reviews_it,
        otherwise="Only administrators and holders of the role that the standard names for its review may"
        " record one.",
    )

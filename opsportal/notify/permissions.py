"""Who may read notifications, and repair what was given up."""

from __future__ import annotations

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor
from opsportal.notify.models import Page


@predicate
def is_person(actor: Actor) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_auditor(actor: Actor) -> bool:
    return actor.is_user and actor.is_auditor


@predicate
def is_paged(actor: Actor, page: Page) -> bool:
    """It is their own, or one in a room that everybody reads."""
    return actor.is_user and (page.target_id is not None or str(page.recipient_id) == actor.id)


def register() -> None:
    """Register the permissions of this app."""
    allow("notification.read", is_person, otherwise="Only people have notifications.", auditors_too=True)
    allow("notification.choose", is_person, otherwise="Only people have notifications.", auditors_too=True)
    allow("contact.change", is_person, otherwise="Only people can be reached.", auditors_too=True)
    allow(
        "page.acknowledge",
        is_paged,
        otherwise="Only the person who was paged acknowledges their page.",
        auditors_too=True,
    )
    allow(
        "page.see",
        is_paged | is_administrator | is_auditor,
        otherwise="A page is seen by whom it is for, by administrators and by auditors.",
        auditors_too=True,
    )
    allow(
        "target.see",
        is_administrator | is_auditor,
        otherwise="Only administrators and auditors see the channels.",
        auditors_too=True,
    )
    allow("target.manage", is_administrator, otherwise="Only administrators set up channels.")
    allow(
        "operations.see",
        is_administrator | is_auditor,
        otherwise="Only administrators and auditors see how the portal does.",
        auditors_too=True,
    )
    allow("operations.repair", is_administrator, otherwise="Only administrators may repair the portal.")

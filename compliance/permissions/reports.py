"""Who arranges the monthly report."""

from __future__ import annotations

from rules.predicates import predicate

from compliance.permissions.measures import is_administrator, is_person
from opsportal.core.access import allow
from opsportal.core.actor import Actor


@predicate
def is_the_portal(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_system


def register() -> None:
    """Register what is of this area."""
    allow("report.subscribe", is_person, otherwise="Sign in to get the report.", auditors_too=True)
    allow(
        "report.address",
        is_administrator,
        otherwise="Only administrators decide which roles get the monthly report.",
    )
    allow("report.make", is_the_portal, otherwise="The portal makes the monthly report itself.")

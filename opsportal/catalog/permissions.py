"""Who may: services, environments, dependencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rules.predicates import predicate

from opsportal.accounts.permissions import administration
from opsportal.accounts.selectors import teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

WRITE_SCOPE = "catalog:write"


@dataclass(frozen=True, slots=True)
class Ownership:
    """What is asked about a service: which team (its slug) owns it, and the UTC day of the question."""

    team: str
    on: date


@predicate
def has_catalog_scope(actor: Actor, _subject: object | None = None) -> bool:
    """A machine whose token may write the catalogue."""
    return actor.is_service_account and WRITE_SCOPE in actor.scopes


@predicate
def belongs_to_owner_team(actor: Actor, subject: Ownership | None = None) -> bool:
    """A member of the team that owns the service."""
    return actor.is_user and subject is not None and subject.team in teams_of(actor.id, subject.on)


def register() -> None:
    """Register this app's permissions; called once, by its AppConfig."""
    keepers = administration | has_catalog_scope
    allow(
        "service.write",
        keepers | belongs_to_owner_team,
        otherwise="Only administrators and members of the owner team may do this.",
    )
    # A lower tier or classification means fewer rules: the team that they bind does not decide it.
    allow(
        "service.reclassify",
        keepers,
        otherwise="Only administrators give a service to another team or lower its tier or classification.",
    )
    allow("environment.write", keepers, otherwise="Only administrators may change environments.")

"""Who may do what about alerts, where they come from and how they are routed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rules.predicates import predicate

from opsportal.accounts.selectors import teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "alerts:write"


@dataclass(frozen=True, slots=True)
class SourceCase:
    """An integration or a heartbeat check, by the team that owns it, and whether the actor is one of them."""

    owns_it: bool


def source_case_of(actor: Actor, team: str, on: date) -> SourceCase:
    """Return what `actor` is to what `team` (its slug, `""` for nobody's) owns on that day (of UTC)."""
    return SourceCase(actor.is_user and bool(team) and team in teams_of(actor.id, on))


@predicate
def sends_alerts(actor: Actor, _subject: object | None = None) -> bool:
    """A service account whose token may write alerts, or an integration known by its own token."""
    return actor.is_system or (actor.is_service_account and SCOPE in actor.scopes)


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_the_portal(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_system


@predicate
def is_of_its_team(actor: Actor, case: SourceCase) -> bool:
    return actor.is_user and case.owns_it


def register() -> None:
    """Register this area's permissions; called once, by the app's AppConfig."""
    allow(
        "alert.ingest",
        sends_alerts,
        otherwise="Alerts come from an integration, or with a token that has the scope alerts:write.",
    )
    for kind, words in {"integration": "integration", "heartbeat_check": "heartbeat check"}.items():
        allow(
            f"{kind}.manage",
            is_administrator | is_the_portal | is_of_its_team,
            otherwise=f"Only administrators and members of the team that owns this {words} may do this.",
        )
    allow(
        "alert_route.manage",
        is_administrator | is_the_portal,
        otherwise="Only administrators decide how alerts are routed.",
    )

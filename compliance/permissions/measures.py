"""Who may deliver measurements, and who decides what is promised of them."""

from __future__ import annotations

from rules.predicates import predicate

from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "measurements:write"


@predicate
def delivers(actor: Actor, _subject: object | None = None) -> bool:
    """A service account whose token may write measurements, or the portal itself."""
    return actor.is_system or (actor.is_service_account and SCOPE in actor.scopes)


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


def register() -> None:
    """Register what is of this area."""
    allow(
        "measurement.add",
        delivers | is_administrator,
        otherwise="Measurements come with a token that has the scope measurements:write.",
    )
    allow(
        "pull_source.manage",
        is_administrator,
        otherwise="Only administrators decide which servers the portal asks for figures.",
    )
    for kind, words in {
        "objective": "which objectives there are",
        "cost_budget": "what may be spent",
        "capacity_plan": "how growth is planned",
    }.items():
        allow(
            f"{kind}.manage",
            delivers | is_administrator,
            otherwise=f"Only administrators, and tokens with the scope {SCOPE}, decide {words}.",
        )

"""Who may do what to policies and to documents of the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rules.predicates import predicate

from compliance.permissions.controls import (
    has_scope,
    is_administrator,
    is_on_a_board,
    is_person,
    owns_it,
)
from compliance.selectors.policies import services_answered_by
from opsportal.accounts.selectors import teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """The team of the service that a document is about (its slug; empty: of none), and when (UTC)."""

    team: str
    now: datetime


@predicate
def is_of_the_service(actor: Actor, case: PlacedCase) -> bool:
    """What is of no service speaks for all of them, so nobody's team makes it theirs."""
    if not actor.is_user or not case.team:
        return False
    return case.team in teams_of(actor.id, case.now.astimezone(UTC).date())


@predicate
def answers_for_a_service(actor: Actor, case: PlacedCase) -> bool:
    return services_answered_by(actor, case.now).exists()


def register() -> None:
    """Register the permissions of policies and documents."""
    owners = "Only its owner, members of a board and administrators may do this."
    keepers = "Only its owner, the members of its team and administrators may do this."
    of_it = is_administrator | owns_it | is_on_a_board
    allow("policy.write", of_it, otherwise=owners)
    allow("policy.publish", of_it, otherwise=owners)
    allow("policy.review", of_it, otherwise=owners)
    allow("policy.retire", is_administrator, otherwise="Only administrators retire a policy.")
    allow("policy.vote", is_person, otherwise="Only people vote.")
    allow("policy.attest", is_person, otherwise="Only people sign a policy, each for themselves.")
    allow(
        "document.register",
        is_administrator | is_of_the_service | is_on_a_board | has_scope,
        otherwise="A document of one service is registered by members of its team; one for all services only"
        " by members of a board, administrators and tokens with compliance:write. Name your service, or ask"
        " one of them to register it and tell them where it lies.",
    )
    allow(
        "document.begin",
        is_administrator | answers_for_a_service | is_on_a_board | has_scope,
        otherwise="No service is your team's. Documents are registered by members of a service's team,"
        " members of boards, administrators and tokens with compliance:write. Tell them where it lies.",
    )
    allow("document.write", is_administrator | owns_it | has_scope, otherwise=keepers)
    allow("document.review", is_administrator | owns_it, otherwise=f"A review is a person's word. {keepers}")

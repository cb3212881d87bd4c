"""Who may do what in governance: access reviews, decisions, checklists, training, scans, requests, plans."""

from __future__ import annotations

from datetime import UTC, datetime

from rules.predicates import predicate

from compliance.models import AccessHolding, PersonRequest, Vulnerability
from opsportal.accounts.selectors import holds_role, teams_of
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "compliance:write"


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_machine_of_ours(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_service_account and SCOPE in actor.scopes


@predicate
def is_the_portal(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_system


@predicate
def holds_it_themselves(actor: Actor, holding: AccessHolding) -> bool:
    return holding.person_id is not None and actor.id == str(holding.person_id)


@predicate
def reviews_it(actor: Actor, holding: AccessHolding) -> bool:
    return holding.reviewer_id is not None and actor.id == str(holding.reviewer_id)


@predicate
def ended_it(actor: Actor, vulnerability: Vulnerability) -> bool:
    return actor.is_user and vulnerability.ended_by_id == actor.id


@predicate
def handles_it(actor: Actor, request: PersonRequest) -> bool:
    return actor.is_user and actor.id == str(request.handler_id)


@predicate
def sits_there(actor: Actor, case: tuple[str, datetime]) -> bool:
    board, now = case
    return holds_role(actor, board, now.astimezone(UTC).date())


@predicate
def answers_for_it(actor: Actor, case: tuple[str, datetime]) -> bool:
    team, now = case
    return team in teams_of(actor.id, now.astimezone(UTC).date())


def register() -> None:
    """Register the permissions of governance."""
    writers = is_person | is_machine_of_ours | is_the_portal
    allow(
        "access_review.run",
        is_administrator | is_the_portal,
        otherwise="Only administrators open, complete and cancel access reviews.",
    )
    allow(
        "access_review.decide",
        is_person & (reviews_it | is_administrator) & ~holds_it_themselves,
        otherwise="Who is named as its reviewer, or an administrator, decides; never who holds it.",
    )
    allow(
        "decision.record",
        is_administrator | (is_person & sits_there),
        otherwise="Only members of that board and administrators record its decisions.",
    )
    allow("checklist.define", is_administrator | is_the_portal, otherwise="Only administrators do this.")
    allow("checklist.sign", is_person, otherwise="People go through checklists and sign them; sign in.")
    allow("training.define", is_administrator | is_the_portal, otherwise="Only administrators do this.")
    allow("training.record", is_person, otherwise="People record training; sign in.")
    allow("scan.record", writers, otherwise="Sign in, or use a token with the scope compliance:write.")
    allow("vulnerability.work", writers, otherwise="Sign in, or use a token with the scope compliance:write.")
    allow(
        "vulnerability.accept",
        is_administrator,
        otherwise="Only administrators accept the risk of a vulnerability.",
    )
    allow(
        "vulnerability.verify",
        is_person & ~ended_it,
        otherwise="Somebody else than who fixed it verifies it, or a later scan.",
    )
    allow("person_request.receive", is_person, otherwise="People take in requests of persons; sign in.")
    allow(
        "person_request.handle",
        is_person & (handles_it | is_administrator),
        otherwise="Who handles the request, or an administrator, does this.",
    )
    allow(
        "person_request.see",
        is_person & (handles_it | is_administrator),
        otherwise="Who handles the request, and administrators, see how to reach that person.",
    )
    allow("improvement.plan", is_person, otherwise="People write the improvement plan; sign in.")
    allow("declaration.make", is_person, otherwise="People declare; sign in.")
    allow(
        "readiness.state",
        is_administrator | (is_person & answers_for_it),
        otherwise="Members of the service's team, and administrators, state how ready it is.",
    )

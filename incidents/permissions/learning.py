"""Who may do what to postmortems and action items: who sees the incident writes, another one publishes."""

from __future__ import annotations

from dataclasses import dataclass

from rules.predicates import predicate

from incidents.models import ActionItem, Postmortem
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "incidents:write"


@dataclass(frozen=True, slots=True)
class WaiverCase:
    """Whether the actor answers for lateness: holds a role to which the standard takes it."""

    answers: bool


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_machine_of_ours(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_service_account and SCOPE in actor.scopes


@predicate
def is_administrator(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user and actor.is_staff


@predicate
def is_its_author(actor: Actor, postmortem: Postmortem) -> bool:
    return actor.id == str(postmortem.author_id)


@predicate
def owns_it(actor: Actor, item: ActionItem) -> bool:
    return actor.id == str(item.owner_id)


@predicate
def did_it(actor: Actor, item: ActionItem) -> bool:
    return actor.id in {str(item.owner_id), str(item.done_by_id)}


@predicate
def answers_for_lateness(actor: Actor, case: WaiverCase) -> bool:
    return case.answers


def register() -> None:
    """Register the permissions of learning."""
    allow("postmortem.write", is_person, otherwise="People write postmortems; sign in.")
    allow(
        "postmortem.review",
        is_person & ~is_its_author,
        otherwise="Somebody else than its author reviews and publishes a postmortem.",
    )
    allow(
        "postmortem.waive",
        is_person & (is_administrator | answers_for_lateness),
        otherwise="Only administrators, and those to whom the standard takes it when it is late, may waive a"
        " postmortem.",
    )
    writers = is_person | is_machine_of_ours
    allow(
        "action_item.write",
        writers,
        otherwise="Sign in, or use a token with the scope incidents:write.",
    )
    allow(
        "action_item.verify",
        is_person & ~did_it,
        otherwise="Somebody else than who did it verifies an action item.",
    )

"""Telling people about a change: whom it concerns, and how it is put."""

from __future__ import annotations

from collections.abc import Iterable

from changes.models import Change
from changes.models.changes import PREFIX
from opsportal.core.actor import Actor
from opsportal.core.registry import key_urls
from opsportal.notify.schedule import Urgency
from opsportal.notify.services import notify
from opsportal.outbox.topics import Message


def change_of(message: Message) -> Change:
    """Return the change that the message is about."""
    return Change.objects.select_related("template").get(pk=message.payload["change"])


def workers_of(change: Change) -> list[str]:
    """Return the ids of requester and implementer; of the template's author where nobody requested it."""
    answers = change.requester_id or (change.template.author_id if change.template else None)
    people = (answers, change.implementer_id, change.started_by_id)
    return [str(person) for person in dict.fromkeys(people) if person]


def tell(
    message: Message,
    change: Change,
    people: Iterable[str],
    *,
    key: str,
    subject: str,
    lines: Iterable[str],
    urgency: Urgency = "normal",
    news: str = "changes.mine",
) -> None:
    """Tell these people, but not whoever did it."""
    doer = message.payload.get("actor", "")
    notify(
        now=message.now,
        message_key=f"change:{change.pk}:{key}",
        recipients=[person for person in people if str(Actor.user(person)) != doer],
        subject=f"{subject}: {change.key} {change.title}",
        body="\n".join([*lines, "", f"Change: {change.key} {change.title}"]),
        url=key_urls[PREFIX](change.pk),
        urgency=urgency,
        topic=news,
        about=change.key,
    )

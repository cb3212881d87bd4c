"""Telling people something, once: in the portal at once, by channels when each of them wants to hear."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from opsportal.accounts.models import User
from opsportal.core.correlation import correlation_id
from opsportal.notify.models import Delivery, Notification
from opsportal.notify.schedule import Urgency, sending
from opsportal.notify.selectors import choices_of, routes_of
from opsportal.notify.services.gather import Waiting, digests_gather
from opsportal.notify.topics import OTHER, topics
from opsportal.outbox.services import wakeup

_MAX_SUBJECT = 200


def notify(
    *,
    now: datetime,
    message_key: str,
    recipients: Iterable[UUID | str],
    subject: str,
    body: str,
    url: str = "",
    urgency: Urgency = "normal",
    topic: str = OTHER,
    about: str = "",
    reference: str = "",
) -> list[Notification]:
    """Tell these people (ids of users) in the portal and by the channels that each chose; return what is new.

    Whoever has been told under the same `message_key` is not told again, and who is not active is left
    out. `url` is a path of the portal, `topic` a registered one, `about` the key of what it is about
    (`CHG-7`), `reference` what the topic asks whether it still matters. Low urgency waits for the
    person's digest, normal for the end of their quiet hours, high for nothing; the portal's own inbox
    shows all at once. Joins the transaction under way, or has one of its own. Raises `ValueError` for
    an unknown topic.
    """
    if topics.get(topic) is None:
        raise ValueError(f"no such notification topic: {topic}")
    with transaction.atomic():
        found = User.objects.filter(pk__in={str(person) for person in recipients}, is_active=True)
        people = list(found.order_by("pk"))
        wanted = [
            Notification(
                message_key=message_key,
                recipient=person,
                subject=subject[:_MAX_SUBJECT],
                body=body,
                url=url,
                urgency=urgency,
                topic=topic,
                about=about,
                reference=reference,
                correlation_id=correlation_id(),
                created_at=now,
            )
            for person in people
        ]
        Notification.objects.bulk_create(wanted, ignore_conflicts=True)
        # Ours are those that were not there before; a twin at the same moment has made the others.
        made = set(
            Notification.objects.filter(pk__in=[row.pk for row in wanted]).values_list("pk", flat=True)
        )
        new = [row for row in wanted if row.pk in made]
        if new:
            _send_out(new, now)
    return new


def _send_out(new: list[Notification], now: datetime) -> None:
    """Store how each of `new` goes out: a delivery of its own, or a place in a digest, for each channel."""
    choices = choices_of([row.recipient for row in new])
    deliveries, waiting = list[Delivery](), list[Waiting]()
    for row in new:
        chosen = choices[row.recipient_id]
        plan = sending(row.urgency, row.created_at, chosen.rhythm(row.recipient.time_zone))  # type: ignore[arg-type]
        for channel in routes_of(chosen, row.topic, row.urgency):
            if plan.in_digest:
                waiting.append(Waiting(row, channel, plan.at))
            else:
                deliveries.append(Delivery(notification=row, channel=channel, due_at=plan.at, created_at=now))
    Delivery.objects.bulk_create(deliveries)
    digests_gather(waiting, now=now)
    if any(row.due_at == now for row in deliveries):
        transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)

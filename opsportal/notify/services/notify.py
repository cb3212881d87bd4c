"""Telling people something, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from django.db import transaction

from opsportal.accounts.models import User
from opsportal.core.correlation import correlation_id
from opsportal.notify.channels import channels
from opsportal.notify.models import Delivery, Notification
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
    urgency: Literal["normal", "high"] = "normal",
) -> list[Notification]:
    """Tell these people (ids of users) in the portal and through every channel; return what is new.

    Whoever has been told under the same `message_key` is not told again, and who is not active is left
    out. `url` is a path of the portal. Joins the transaction under way, or has one of its own.
    """
    with transaction.atomic():
        people = User.objects.filter(pk__in={str(person) for person in recipients}, is_active=True)
        wanted = [
            Notification(
                message_key=message_key,
                recipient_id=person,
                subject=subject[:_MAX_SUBJECT],
                body=body,
                url=url,
                urgency=urgency,
                correlation_id=correlation_id(),
                created_at=now,
            )
            for person in people.order_by("pk").values_list("pk", flat=True)
        ]
        Notification.objects.bulk_create(wanted, ignore_conflicts=True)
        # Ours are those that were not there before; a twin at the same moment has made the others.
        made = set(
            Notification.objects.filter(pk__in=[row.pk for row in wanted]).values_list("pk", flat=True)
        )
        new = [row for row in wanted if row.pk in made]
        Delivery.objects.bulk_create(
            Delivery(notification=row, channel=channel, due_at=now, created_at=now)
            for row in new
            for channel in channels
        )
        if new:
            transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)
    return new

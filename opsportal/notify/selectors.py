"""Reads of notifications and deliveries."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from opsportal.notify.models import ChannelHealth, Delivery, Notification
from opsportal.outbox.models import OutboxMessage

COUNT_CAP = 100


def inbox(user_id: UUID | str) -> QuerySet[Notification]:
    """Return what this person was told, newest first."""
    return Notification.objects.filter(recipient__pk=user_id).order_by("-created_at", "-id")


def unread_count(user_id: UUID | str) -> int:
    """Return how many notifications this person has not read, counted up to 100."""
    unread = Notification.objects.filter(recipient__pk=user_id, read_at__isnull=True)
    return len(unread.values_list("pk", flat=True)[:COUNT_CAP])


def dead_deliveries() -> QuerySet[Delivery]:
    """Return the deliveries that were given up and wait for an operator, newest first."""
    rows = Delivery.objects.filter(state="dead").select_related("notification")
    return rows.order_by("-created_at", "-id")


def failing_channels() -> QuerySet[ChannelHealth]:
    """Return the channels that are away at present."""
    return ChannelHealth.objects.filter(failing_since__isnull=False).order_by("name")


def given_up_since(moment: datetime) -> int:
    """Return how many messages and deliveries were given up since `moment` (aware UTC) and still are."""
    messages = OutboxMessage.objects.filter(state="dead", finished_at__gte=moment).count()
    return messages + Delivery.objects.filter(state="dead", finished_at__gte=moment).count()


def dead_count() -> int:
    """Return how many messages and deliveries wait for an operator, counted up to 100 each."""
    messages = OutboxMessage.objects.filter(state="dead").values_list("pk", flat=True)[:COUNT_CAP]
    deliveries = Delivery.objects.filter(state="dead").values_list("pk", flat=True)[:COUNT_CAP]
    return len(messages) + len(deliveries)


def channels_check() -> tuple[bool, str]:
    """Return whether every channel lets through what is sent, for `/ready`."""
    failing = [f"{row.name}: {row.error}" for row in failing_channels()]
    return (False, f"away: {'; '.join(failing)}") if failing else (True, "no channel is away")

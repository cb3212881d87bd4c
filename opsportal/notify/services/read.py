"""Reading one's own notifications."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.writes import write
from opsportal.notify.models import Notification


def notification_read(*, actor: Actor, now: datetime, pk: UUID) -> Notification:
    """Mark one of the actor's notifications as read and return it; the first time of reading stays.

    Raises `Forbidden` for who is no person, and `NotFound` where it is not theirs or does not exist.
    """
    with write(actor=actor, now=now):
        require(actor, "notification.read")
        row = Notification.objects.select_for_update().filter(pk=pk, recipient__pk=actor.id).first()
        if row is None:
            raise NotFound("There is no such notification for you.")
        if row.read_at is None:
            row.read_at = now
            row.save(update_fields=["read_at"])
        return row


def notifications_read_all(*, actor: Actor, now: datetime) -> int:
    """Mark all of the actor's unread notifications as read; return how many. Raises `Forbidden`."""
    with write(actor=actor, now=now):
        require(actor, "notification.read")
        unread = Notification.objects.filter(
            recipient__pk=actor.id, read_at__isnull=True, created_at__lte=now
        )
        return unread.update(read_at=now)

"""Messages of a past that was brought in from elsewhere."""

from __future__ import annotations

from datetime import datetime

from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.states import MESSAGE


def messages_settle(*, now: datetime, before: datetime) -> int:
    """Count every waiting message from `before` that instant (aware UTC) as done, and return how many.

    For whoever loads what happened long ago: nobody wants to be told of it today. Joins the
    transaction under way.
    """
    waiting = OutboxMessage.objects.filter(state="waiting", created_at__lt=before)
    return waiting.update(state=MESSAGE.move("waiting", "finish"), due_at=None, finished_at=now)

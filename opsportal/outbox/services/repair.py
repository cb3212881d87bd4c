"""What an operator does about a message that was given up. The caller checks who may, and audits."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from opsportal.core.errors import NotFound
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import wakeup
from opsportal.outbox.states import MESSAGE


def message_retry(*, now: datetime, pk: int) -> OutboxMessage:
    """Let a message that was given up be tried again at once, with all its tries.

    Joins the transaction under way. Raises `NotFound`, and `IllegalMove` where it was not given up.
    """
    row = _locked(pk)
    row.state = MESSAGE.move(row.state, "retry")
    row.tries = 0
    row.due_at = now
    row.finished_at = None
    row.save(update_fields=["state", "tries", "due_at", "finished_at"])
    transaction.on_commit(wakeup.ask, robust=True)
    return row


def message_dismiss(*, now: datetime, pk: int) -> OutboxMessage:
    """Lay a message that was given up aside for good.

    Joins the transaction under way. Raises `NotFound`, and `IllegalMove` where it was not given up.
    """
    row = _locked(pk)
    row.state = MESSAGE.move(row.state, "dismiss")
    row.finished_at = now
    row.save(update_fields=["state", "finished_at"])
    return row


def _locked(pk: int) -> OutboxMessage:
    row = OutboxMessage.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such message; it may have been deleted meanwhile.")
    return row

"""What an operator does about messages and deliveries that were given up."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.writes import write
from opsportal.notify.models import Delivery
from opsportal.notify.states import DELIVERY
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import message_dismiss, message_retry, wakeup

PERMISSION = "operations.repair"


def delivery_retry(*, actor: Actor, now: datetime, pk: UUID) -> Delivery:
    """Let a delivery that was given up be sent again at once, with all its tries; return it.

    Raises `Forbidden`, `NotFound`, and `IllegalMove` where it was not given up.
    """
    with write(actor=actor, now=now):
        require(actor, PERMISSION)
        row = _locked(pk)
        row.state = DELIVERY.move(row.state, "retry")
        row.tries = 0
        row.due_at = now
        row.finished_at = None
        row.save(update_fields=["state", "tries", "due_at", "finished_at"])
        _audit(actor, now, "delivery.retried", "delivery", str(pk))
        transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)
        return row


def delivery_dismiss(*, actor: Actor, now: datetime, pk: UUID) -> Delivery:
    """Lay a delivery that was given up aside for good; return it. Raises as `delivery_retry`."""
    with write(actor=actor, now=now):
        require(actor, PERMISSION)
        row = _locked(pk)
        row.state = DELIVERY.move(row.state, "dismiss")
        row.finished_at = now
        row.save(update_fields=["state", "finished_at"])
        _audit(actor, now, "delivery.dismissed", "delivery", str(pk))
        return row


def handling_retry(*, actor: Actor, now: datetime, pk: int) -> OutboxMessage:
    """Let an outbox message that was given up be handled again at once; return it.

    Raises `Forbidden`, `NotFound`, and `IllegalMove` where it was not given up.
    """
    with write(actor=actor, now=now):
        require(actor, PERMISSION)
        row = message_retry(now=now, pk=pk)
        _audit(actor, now, "outbox.retried", "outbox_message", str(pk))
        return row


def handling_dismiss(*, actor: Actor, now: datetime, pk: int) -> OutboxMessage:
    """Lay an outbox message that was given up aside for good; return it. Raises as `handling_retry`."""
    with write(actor=actor, now=now):
        require(actor, PERMISSION)
        row = message_dismiss(now=now, pk=pk)
        _audit(actor, now, "outbox.dismissed", "outbox_message", str(pk))
        return row


def _locked(pk: UUID) -> Delivery:
    row = Delivery.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such delivery; it may have been deleted meanwhile.")
    return row


def _audit(actor: Actor, now: datetime, action: str, kind: str, key: str) -> None:
    audit_record(actor=actor, now=now, action=action, object_kind=kind, object_key=key)

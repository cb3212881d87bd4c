"""Handling what waits in the outbox: claim with a lease, handle and finish in one transaction.

A handler's own writes and the mark "done" commit together or not at all. Whoever lost the claim
meanwhile (its lease ran out, another worker took over) finds out at the mark, and all of it rolls back.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db import connection, transaction
from django.db.models import F

from opsportal.core.connections import drop_broken_connection
from opsportal.core.correlation import correlated, new_correlation_id
from opsportal.core.errors import Refusal
from opsportal.core.faultpoints import reached
from opsportal.outbox import backoff, topics
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.states import MESSAGE

LEASE = timedelta(seconds=60)
_BATCH = 10
_BUDGET_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class SupersededError(Exception):
    """Somebody else has claimed the row meanwhile; it is no longer ours to finish."""


def messages_handle(*, clock: Callable[[], datetime], lease: timedelta = LEASE) -> int:
    """Handle what is due, oldest first, for 15 s at most; return how many handlers were called.

    `clock` is the database's (aware UTC): it is asked again for each batch, since a lease that began
    when the whole run did would end too early.
    """
    # How long this run goes on is no date of any record, so the process's own clock will do.
    stop_at = time.monotonic() + _BUDGET_SECONDS
    handled = 0
    while time.monotonic() < stop_at:
        claimed = messages_claim(now=clock(), count=_BATCH, lease=lease)
        if not claimed:
            break
        for row in claimed:
            _handle(row, now=clock(), lease=lease)
        handled += len(claimed)
    return handled


def messages_claim(*, now: datetime, count: int, lease: timedelta = LEASE) -> list[OutboxMessage]:
    """Claim up to `count` due rows for `lease`, oldest first, and return those that are to be handled.

    A row that has used up its tries without anybody to say so (the worker died each time) is given up.
    """
    with transaction.atomic():
        rows = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(state="waiting", due_at__lte=now)
            .order_by("due_at", "id")[:count]
        )
        spent = [row.pk for row in rows if backoff.is_spent(row.tries)]
        claimed = [row for row in rows if not backoff.is_spent(row.tries)]
        if spent:
            OutboxMessage.objects.filter(pk__in=spent).update(
                state=MESSAGE.move("waiting", "give_up"),
                due_at=None,
                finished_at=now,
                error="the worker died at each try",
            )
        if claimed:
            OutboxMessage.objects.filter(pk__in=[row.pk for row in claimed]).update(
                attempt=F("attempt") + 1, tries=F("tries") + 1, due_at=now + lease
            )
    for row in claimed:
        row.attempt += 1
        row.tries += 1
    return claimed


def _handle(row: OutboxMessage, *, now: datetime, lease: timedelta) -> None:
    with correlated(row.correlation_id or new_correlation_id()) as correlation:
        message = topics.Message(row.topic, row.payload, now, correlation, row.message_id)
        reached("outbox.claimed")
        log = _log.bind(topic=row.topic, handler=row.handler, attempt=row.attempt, outbox_id=row.pk)
        try:
            with transaction.atomic():
                _end_with_lease(lease)
                topics.handler_of(row.topic, row.handler)(message)
                reached("outbox.before_finish")
                _finish(row, now)
        except SupersededError:
            log.warning("outbox.superseded")
        except Exception as error:
            log.exception("outbox.handler_failed")
            drop_broken_connection()
            _fail(row, now, where_it_failed(error))


def _end_with_lease(lease: timedelta) -> None:
    """Let PostgreSQL end this transaction if we stand still in it for half the lease.

    A stopped process would otherwise keep its locks for as long as it stands, and whoever takes the
    row over would wait for them.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            milliseconds = int(lease.total_seconds() * 1000 / 2)
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds:d}")


def _finish(row: OutboxMessage, now: datetime) -> None:
    changed = OutboxMessage.objects.filter(pk=row.pk, attempt=row.attempt, state="waiting").update(
        state=MESSAGE.move("waiting", "finish"), due_at=None, finished_at=now, error=""
    )
    if not changed:
        raise SupersededError


def _fail(row: OutboxMessage, now: datetime, error: str) -> None:
    over = backoff.is_spent(row.tries)
    OutboxMessage.objects.filter(pk=row.pk, attempt=row.attempt, state="waiting").update(
        state=MESSAGE.move("waiting", "give_up") if over else "waiting",
        due_at=None if over else now + backoff.delay_after(row.tries),
        finished_at=now if over else None,
        error=error,
    )
    if over:
        _log.error("outbox.given_up", topic=row.topic, handler=row.handler, outbox_id=row.pk)


def where_it_failed(error: BaseException) -> str:
    """Return the kind of `error` and the line that raised it, without its text, which may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    code = f" ({error.code})" if isinstance(error, Refusal) else ""
    return f"{type(error).__name__}{code}{place}"[:200]

"""The heartbeat of each tick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from opsportal.core.clock import database_now
from opsportal.core.connections import drop_broken_connection
from opsportal.core.correlation import correlated, new_correlation_id
from opsportal.outbox.models import Heartbeat
from opsportal.outbox.services.handling import where_it_failed
from opsportal.outbox.ticks import ticks

_A_BREAK = 1.25
"""The watcher did not run on: that many periods since it last went through."""


@contextmanager
def ticking(name: str) -> Iterator[None]:
    """Run one tick under a correlation id of its own and keep its heartbeat.

    The heart beats only where the tick went through: one that fails each time falls silent, and is
    noticed as one that does not run. Raises `KeyError` for a tick that nobody expects.
    """
    ticks[name]
    with correlated(new_correlation_id()):
        try:
            yield
        except Exception as error:
            drop_broken_connection()
            failed = {"failed_at": database_now(), "error": where_it_failed(error)}
            Heartbeat.objects.update_or_create(name=name, defaults=failed)
            raise
        went_through = {"finished_at": database_now(), "silent_since": None, "error": ""}
        Heartbeat.objects.update_or_create(name=name, defaults=went_through)


def silence_excuse(*, now: datetime, watcher: str) -> None:
    """Excuse every tick for the time in which the tick `watcher` did not run, as far as `now` (aware UTC).

    Called first thing in each run of the watcher. After a break (the worker was down, the machine asleep)
    silence goes on counting where it stood, with half a period on top in which a tick could have died
    unseen: so one that stands still is found out even where breaks follow each other. A tick that has
    never run counts from when it is first missed. Raises `KeyError` for a watcher that nobody expects.
    """
    every = ticks[watcher].every
    with transaction.atomic():
        rows = Heartbeat.objects.select_for_update().order_by("name").in_bulk()
        unseen = [Heartbeat(name=name, silent_since=now) for name in sorted(ticks) if name not in rows]
        if unseen:
            Heartbeat.objects.bulk_create(unseen, ignore_conflicts=True)
        watched_at = rows[watcher].finished_at if watcher in rows else None
        if watched_at is not None and now - watched_at <= every * _A_BREAK:
            return
        for row in rows.values():
            counted = row.silent_since or row.finished_at
            away = now - watched_at - every / 2 if watched_at else None
            row.silent_since = min(counted + away, now) if counted and away else now
        Heartbeat.objects.bulk_update(rows.values(), ["silent_since"])

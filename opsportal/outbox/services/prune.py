"""Deleting what has been handled: the outbox is a means of transport, audit keeps the records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from opsportal.outbox.models import OutboxMessage

KEEP = timedelta(days=7)
BATCH = 1_000
BATCHES = 50


def messages_prune(*, now: datetime) -> int:
    """Delete messages that were done or dismissed more than 7 days before `now`; return how many.

    In batches of their own transactions, so that no lock is held for long, and 50,000 rows at most,
    so that the tick ends; the next one goes on.
    """
    over = OutboxMessage.objects.filter(state__in=["done", "dismissed"], finished_at__lt=now - KEEP)
    return delete_in_batches(over)


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete `rows` a thousand at a time, fifty times at most; return how many went."""
    deleted = 0
    for _ in range(BATCHES):
        some = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        rows.filter(pk__in=some).delete()
        deleted += len(some)
        if len(some) < BATCH:
            break
    return deleted

"""Deleting what is over: deliveries and digests, which are transport, and pages and news of long ago.

A legal hold over all records keeps them, as it keeps everything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from opsportal.core.holding import made_under_hold
from opsportal.notify.models import Delivery, Digest, Notification, Page
from opsportal.outbox.services.prune import delete_in_batches

KEEP = timedelta(days=7)


def _delete(rows: QuerySet[Any]) -> int:
    """Delete `rows`, but those of a time over which a legal hold stands; return how many went."""
    return delete_in_batches(rows.exclude(made_under_hold("created_at")))


def deliveries_prune(*, now: datetime) -> int:
    """Delete deliveries, with their attempts, that ended more than 7 days before `now`; return how many.

    Those that were given up stay until an operator has decided about them, and those of a page stay with
    it: they are the ledger of who was paged how.
    """
    over = Delivery.objects.filter(finished_at__lt=now - KEEP, page__isnull=True).exclude(state="dead")
    return _delete(over)


def digests_prune(*, now: datetime) -> int:
    """Delete digests that closed more than 7 days before `now` and wait for no channel; return how many."""
    over = Digest.objects.filter(closed_at__lt=now - KEEP)
    return _delete(over.exclude(Exists(Delivery.objects.filter(digest=OuterRef("pk")))))


def pages_prune(*, now: datetime) -> int:
    """Delete pages, with the ledger of their attempts, that are too old at `now`; return how many went.

    The days are a setting: OPSPORTAL_KEEP_PAGES_DAYS (400).
    """
    old = Page.objects.filter(created_at__lt=now - timedelta(days=settings.KEEP_PAGES_DAYS))
    return _delete(old.exclude(state="paging"))


def notifications_prune(*, now: datetime) -> int:
    """Delete what was read, and what nobody ever read, too long before `now`; return how many went.

    The days are settings: OPSPORTAL_KEEP_READ_DAYS (90) and OPSPORTAL_KEEP_UNREAD_DAYS (365). What is
    still on its way, or was given up, stays until that is over.
    """
    read = Notification.objects.filter(read_at__lt=now - timedelta(days=settings.KEEP_READ_DAYS))
    unread = Notification.objects.filter(
        read_at__isnull=True, created_at__lt=now - timedelta(days=settings.KEEP_UNREAD_DAYS)
    )
    under_way = Delivery.objects.filter(notification=OuterRef("pk"), state__in=["waiting", "dead"])
    return sum(_delete(rows.exclude(Exists(under_way))) for rows in (read, unread))

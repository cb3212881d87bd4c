"""Deleting deliveries that are over. They are a means of transport; what was told stays in the inbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from opsportal.notify.models import Delivery
from opsportal.outbox.services.prune import delete_in_batches

KEEP = timedelta(days=7)


def deliveries_prune(*, now: datetime) -> int:
    """Delete deliveries, with their attempts, that ended more than 7 days before `now`; return how many.

    Those that were given up stay until an operator has decided about them.
    """
    over = Delivery.objects.filter(finished_at__lt=now - KEEP).exclude(state="dead")
    return delete_in_batches(over)

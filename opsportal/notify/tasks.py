"""The ticks of notify."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from opsportal.core.clock import database_now
from opsportal.notify.services import (
    deliveries_prune,
    deliveries_send,
    digests_close,
    digests_prune,
    notifications_prune,
    operators_warn,
    pages_prune,
    reach_remind,
)
from opsportal.outbox.services import ticking


@shared_task(name="notify.deliver")
def deliver() -> None:
    """Send what waits for its channel."""
    with ticking("notify.deliver"):
        deliveries_send(clock=database_now, hands=settings.SENDING_HANDS)


@shared_task(name="notify.digest")
def digest() -> None:
    """Close the digests whose time has come."""
    with ticking("notify.digest"):
        digests_close(clock=database_now)


@shared_task(name="notify.watch")
def watch() -> None:
    """Tell administrators what of the portal stands still or was given up."""
    with ticking("notify.watch"):
        operators_warn(now=database_now())


@shared_task(name="notify.reach")
def reach() -> None:
    """Ask people to test the ways by which nothing has arrived for a week."""
    with ticking("notify.reach"):
        reach_remind(now=database_now())


@shared_task(name="notify.prune")
def prune() -> None:
    """Delete deliveries and digests that ended more than 7 days ago, and news of long ago."""
    with ticking("notify.prune"):
        now = database_now()
        deliveries_prune(now=now)
        digests_prune(now=now)
        notifications_prune(now=now)
        pages_prune(now=now)

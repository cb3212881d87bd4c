"""The ticks of notify."""

from __future__ import annotations

from celery import shared_task

from opsportal.core.clock import database_now
from opsportal.notify.services import deliveries_prune, deliveries_send, operators_warn
from opsportal.outbox.services import ticking


@shared_task(name="notify.deliver")
def deliver() -> None:
    """Send what waits for its channel."""
    with ticking("notify.deliver"):
        deliveries_send(clock=database_now)


@shared_task(name="notify.watch")
def watch() -> None:
    """Tell administrators what of the portal stands still or was given up."""
    with ticking("notify.watch"):
        operators_warn(now=database_now())


@shared_task(name="notify.prune")
def prune() -> None:
    """Delete deliveries that ended more than 7 days ago."""
    with ticking("notify.prune"):
        deliveries_prune(now=database_now())

"""The ticks of measures."""

from __future__ import annotations

from celery import shared_task

from compliance.services.measures.pulling import sources_pull
from compliance.services.measures.snapshots import snapshots_take
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="compliance.snapshots")
def snapshots() -> None:
    """Measure the portal's own figures, once a day."""
    with ticking("compliance.snapshots"):
        snapshots_take(clock=database_now)


@shared_task(name="compliance.pull")
def pull() -> None:
    """Ask Prometheus servers."""
    with ticking("compliance.pull"):
        sources_pull(clock=database_now)

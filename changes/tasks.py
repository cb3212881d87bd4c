"""The ticks of changes."""

from __future__ import annotations

from celery import shared_task

from changes.services.break_glass import break_glasses_advance
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="changes.break_glass")
def break_glass() -> None:
    """End break-glass requests whose time is up."""
    with ticking("changes.break_glass"):
        break_glasses_advance(clock=database_now)

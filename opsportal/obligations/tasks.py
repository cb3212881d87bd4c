"""The tick of the obligations."""

from __future__ import annotations

from celery import shared_task

from opsportal.core.clock import database_now
from opsportal.obligations.services import obligations_advance
from opsportal.outbox.services import ticking


@shared_task(name="obligations.tick")
def tick() -> None:
    """Remind, note breaches and climb, where it is due."""
    with ticking("obligations.tick"):
        obligations_advance(clock=database_now)

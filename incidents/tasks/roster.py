"""The tick of the roster."""

from __future__ import annotations

from celery import shared_task

from incidents.services.roster.handovers import handovers_advance
from incidents.services.roster.publishing import schedules_publish, shifts_remind
from incidents.services.roster.swaps import swaps_advance
from opsportal.core.clock import database_now
from opsportal.core.due import each_step
from opsportal.outbox.services import ticking


@shared_task(name="incidents.roster")
def roster() -> None:
    """Publish rosters that are due anew, remind of shifts and offers, open handovers."""
    with ticking("incidents.roster"):
        each_step(
            lambda: schedules_publish(clock=database_now),
            lambda: shifts_remind(clock=database_now),
            lambda: swaps_advance(clock=database_now),
            lambda: handovers_advance(clock=database_now),
        )

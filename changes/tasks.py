"""The ticks of changes."""

from __future__ import annotations

from celery import shared_task

from changes.services.break_glass import break_glasses_advance
from changes.services.meeting_reminders import meetings_remind
from changes.services.recounting import recounts_ask
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="changes.break_glass")
def break_glass() -> None:
    """End break-glass requests whose time is up."""
    with ticking("changes.break_glass"):
        break_glasses_advance(clock=database_now)


@shared_task(name="changes.recount")
def recount_tick() -> None:
    """Find the votes that have to be counted anew, because somebody's time on a board has run out."""
    with ticking("changes.recount"):
        recounts_ask(now=database_now())


@shared_task(name="changes.meetings")
def meetings_tick() -> None:
    """Remind the members of boards of their meetings."""
    with ticking("changes.meetings"):
        meetings_remind(clock=database_now)

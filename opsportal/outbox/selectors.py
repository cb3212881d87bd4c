"""What operators and health checks ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Min, QuerySet

from opsportal.core.clock import database_now
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.outbox.ticks import Tick, ticks

LONGEST_LAG = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Pulse:
    """How one tick is doing at a moment. One that has never run is silent since the last migration."""

    tick: Tick
    finished_at: datetime | None
    failed_at: datetime | None
    error: str
    silent_for: timedelta
    unexcused_for: timedelta
    """Its silence without the time in which nothing of the portal ran at all."""

    @property
    def is_stale(self) -> bool:
        return self.silent_for > self.tick.alarm_after

    @property
    def is_to_blame(self) -> bool:
        """Return whether this one stands still while others go on."""
        return self.is_stale and self.unexcused_for > self.tick.alarm_after


def pulses(now: datetime) -> list[Pulse]:
    """Return how each expected tick is doing at `now` (aware UTC), in the order of their registration."""
    rows = Heartbeat.objects.in_bulk()
    set_up = MigrationRecorder.Migration.objects.aggregate(at=Max("applied"))["at"] or now
    found = []
    for name, tick in ticks.items():
        row = rows.get(name, Heartbeat(name=name))
        # A clock that moved back makes the silence negative; the tick is not to blame for that.
        silent = max(now - (row.finished_at or set_up), timedelta())
        unexcused = max(now - row.silent_since, timedelta()) if row.silent_since else silent
        found.append(Pulse(tick, row.finished_at, row.failed_at, row.error, silent, unexcused))
    return found


def stale_ticks(now: datetime) -> list[Pulse]:
    """Return the ticks that have been silent for too long at `now`."""
    return [pulse for pulse in pulses(now) if pulse.is_stale]


def dead_messages() -> QuerySet[OutboxMessage]:
    """Return the messages that were given up and wait for an operator, newest first."""
    return OutboxMessage.objects.filter(state="dead").order_by("-id")


def outbox_lag(now: datetime) -> timedelta:
    """Return how long the oldest due message has been waiting at `now`; zero where none is."""
    oldest = OutboxMessage.objects.filter(state="waiting", due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    return now - oldest if oldest else timedelta()


def ticks_check() -> tuple[bool, str]:
    """Return whether all ticks go on, for `/ready`."""
    stale = stale_ticks(database_now())
    if not stale:
        return True, "all ticks go on"
    return False, "; ".join(f"{pulse.tick.name} stands still: {pulse.tick.without_it}" for pulse in stale)


def lag_check() -> tuple[bool, str]:
    """Return whether messages are handled in time, for `/ready`."""
    lag = outbox_lag(database_now())
    return lag <= LONGEST_LAG, f"the oldest due message has been waiting for {int(lag.total_seconds())} s"

"""The ticks that must go on, each with the words for what stands still without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from opsportal.core.registry import Registry

SHORTEST_ALARM = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Tick:
    """A Celery task that beat starts again and again."""

    name: str
    every: timedelta
    without_it: str

    @property
    def alarm_after(self) -> timedelta:
        """How long it may be silent: three periods, a minute at least."""
        return max(3 * self.every, SHORTEST_ALARM)


ticks: Registry[Tick] = Registry("ticks")


def expect(name: str, *, every: timedelta, without_it: str) -> None:
    """Say that the task `name` runs `every` so often; `without_it` completes "Meanwhile, …"."""
    ticks.add(name, Tick(name, every, without_it))

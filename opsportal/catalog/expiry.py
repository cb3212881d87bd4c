"""When the owners of a provider are told that its key ends: three times ahead, and when it is over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

FIRST = 30
STEPS = (FIRST, 7, 1, -1)
"""How many days (UTC) are left when each telling is due, the first one first; -1 is the day after the end."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is told now: the step (one of `STEPS`, None for nothing), and the day of the next telling."""

    step: int | None
    next_on: date | None


def first_telling(expires_on: date | None) -> date | None:
    """Return the day (UTC) on which a key is told of first, from its last good day; None without one."""
    return None if expires_on is None else _day_of(FIRST, expires_on)


def take(expires_on: date, *, due_on: date, today: date) -> Taken:
    """Return what is told on `today` (UTC), where all that was due before `due_on` has been told.

    Of several steps that came due meanwhile the latest alone is told, and none of them later.
    """
    days = [(step, _day_of(step, expires_on)) for step in STEPS]
    came = [step for step, day in days if due_on <= day <= today]
    ahead = [day for _, day in days if day > today and day >= due_on]
    return Taken(came[-1] if came else None, ahead[0] if ahead else None)


def _day_of(step: int, expires_on: date) -> date:
    # There is no day before the first one of the calendar, which somebody may have entered.
    return expires_on - min(timedelta(days=step), expires_on - date.min)

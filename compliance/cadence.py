"""Calendar periods: in which one lies, which is owed, and when it is over. Pure.

A period begins and ends at midnight on the wall clock of the organisation's zone. Where the clocks change
at midnight, it begins with the first instant of that day that there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsportal.standards.standing import Every

_DAY = timedelta(days=1)
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period: its first day, and the first day after it."""

    every: Every
    first: date
    after: date

    @property
    def key(self) -> str:
        """Its name: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026-H2`, `2026`."""
        return _KEYS[self.every](self.first)

    def start(self, zone: str) -> datetime:
        """Return when it begins in `zone`, in aware UTC."""
        return _midnight(self.first, zone)

    def end(self, zone: str) -> datetime:
        """Return when it is over in `zone`, in aware UTC."""
        return _midnight(self.after, zone)

    def next(self) -> Period:
        """Return the period that follows."""
        return period_on(self.every, self.after)

    def before(self) -> Period:
        """Return the period ahead of it."""
        return period_on(self.every, self.first - _DAY)


_KEYS: dict[Every, Callable[[date], str]] = {
    "day": date.isoformat,
    "week": lambda day: "{}-W{:02}".format(*day.isocalendar()[:2]),
    "month": lambda day: f"{day.year:04}-{day.month:02}",
    "quarter": lambda day: f"{day.year:04}-Q{(day.month + 2) // 3}",
    "half-year": lambda day: f"{day.year:04}-H{(day.month + 5) // 6}",
    "year": lambda day: f"{day.year:04}",
}


def period_on(every: Every, day: date) -> Period:
    """Return the period in which `day` lies. Weeks begin on Monday (ISO 8601)."""
    if every == "day":
        return Period(every, day, day + _DAY)
    if every == "week":
        first = day - _DAY * day.weekday()
        return Period(every, first, first + 7 * _DAY)
    months = _MONTHS[every]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    month = first.month - 1 + months
    return Period(every, first, date(first.year + month // 12, month % 12 + 1, 1))


def period_named(every: Every, key: str) -> Period:
    """Return the period of this name. Raises `ValueError` for what is none."""
    if every == "day":
        return period_on(every, date.fromisoformat(key))
    year, _, part = key.partition("-")
    number = int(part.lstrip("WQH") or 1)
    if every == "week":
        return period_on(every, date.fromisocalendar(int(year), number, 1))
    return period_on(every, date(int(year), (number - 1) * _MONTHS[every] + 1, 1))


def period_at(every: Every, at: datetime, zone: str) -> Period:
    """Return the period in which the instant `at` (aware) lies in `zone`."""
    return period_on(every, at.astimezone(ZoneInfo(zone)).date())


def first_owed(every: Every, since: datetime, zone: str) -> Period:
    """Return the first period that counts for what is owed `since` (aware).

    It is the one in which `since` lies, where at least half of it is left; else the next one.
    """
    period = period_at(every, since, zone)
    start, end = period.start(zone), period.end(zone)
    return period if (end - since) * 2 >= end - start else period.next()


def owed_after(every: Every, last: datetime, zone: str) -> Period:
    """Return the period that is owed once it has happened at `last` (aware): the one that follows."""
    return period_at(every, last, zone).next()


def due_at(period: Period, grace: timedelta, zone: str) -> datetime:
    """Return when what is owed in `period` is late, in aware UTC."""
    return period.end(zone) + grace


def counts_for(period: Period, at: datetime, zone: str) -> bool:
    """Return whether something at `at` (aware) makes up for `period`: it was then, or later."""
    return at >= period.start(zone)


def _midnight(day: date, zone: str) -> datetime:
    there = datetime.combine(day, time(), ZoneInfo(zone))
    instant = there.astimezone(UTC)
    # Where midnight does not exist, its reading with the offset of before is the first instant after the gap.
    return instant if instant.astimezone(ZoneInfo(zone)).date() >= day else instant + timedelta(hours=1)

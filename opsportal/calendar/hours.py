"""Working time: how much of it lies between two instants, and when so much of it has passed. Pure.

A working day runs from one wall-clock time of a zone to another. Lengths are real time: a day on which
the clocks go forward in working hours is an hour shorter.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsportal.calendar.recurrence import wall_instant
from opsportal.core.moments import EARLIEST, LATEST

MOST_DAYS = 3 * 366
"""How far it is counted. What is further away counts as that far: no rule asks for more."""

_DAY = timedelta(days=1)
_MIDNIGHT = time()


@dataclass(frozen=True)
class WorkingTime:
    """Working days (Monday is 0), their hours on the wall clock of `zone`, and what differs from that.

    `closes` at midnight is the end of that day. `days_off` are holidays and own free days, `extra_days`
    are worked whatever else is said of them.
    """

    zone: str
    weekdays: frozenset[int]
    opens: time
    closes: time
    days_off: Container[date] = frozenset()
    extra_days: Container[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        return day in self.extra_days or (day.weekday() in self.weekdays and day not in self.days_off)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much working time lies between two instants (aware); nothing where they are turned."""
        total = timedelta()
        start, end = max(start, EARLIEST), min(end, LATEST)
        if start >= end:
            return total
        for opening, closing in self._stretches(start, end):
            total += max(min(closing, end) - max(opening, start), timedelta())
        return total

    def after(self, start: datetime, amount: timedelta) -> datetime | None:
        """Return the first instant (aware UTC) by which so much working time has passed since `start`.

        None where it does not pass within `MOST_DAYS`.
        """
        if amount <= timedelta():
            return start.astimezone(UTC)
        left = amount
        for opening, closing in self._stretches(start, LATEST):
            begin = max(opening, start)
            if closing - begin >= left:
                return begin + left
            left -= max(closing - begin, timedelta())
        return None

    def _stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the stretches of working time (aware UTC) on the days around `start` to `end`, in order."""
        zone = ZoneInfo(self.zone)
        day = start.astimezone(UTC).date() - _DAY
        last = min(end.astimezone(UTC).date() + _DAY, day + timedelta(days=MOST_DAYS))
        while day <= last:
            if self.is_working_day(day):
                opening = wall_instant(day, self.opens, zone)
                closing = wall_instant(day + _DAY if self.closes == _MIDNIGHT else day, self.closes, zone)
                if closing > opening and closing > start:
                    yield opening, closing
            day += _DAY

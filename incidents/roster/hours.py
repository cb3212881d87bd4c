"""Hours on call by the kinds that pay and fairness ask for. Pure.

A kind belongs to the wall clock of a zone: a holiday goes before a weekend, a weekend before a night, and
what is none of them is day. So each minute is of one kind, and the kinds add up to the time on call, also
on days of 23 and 25 hours. Lengths are real time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from incidents.roster.spans import Shift, Span, union
from opsportal.calendar.recurrence import wall_instant

FIRST_IN_LINE = "primary"
"""The role that is paged first. Whoever has another one stands by."""
KINDS = ("day", "night", "weekend", "holiday")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """By which clock, and what counts as what: weekdays (Monday is 0), night, holidays.

    The night may go over midnight; where both times are the same there is none.
    """

    zone: str
    holidays: Container[date] = frozenset()
    weekend: frozenset[int] = frozenset({5, 6})
    night_from: time = time(22)
    night_until: time = time(6)

    def kinds(self, span: Span) -> Iterator[tuple[str, timedelta]]:
        """Yield how much of `span` is of which kind, piece by piece."""
        zone = ZoneInfo(self.zone)
        day = span.start.astimezone(zone).date() - _DAY
        while (midnight := wall_instant(day, time(), zone)) < span.end:
            yield from self._of_day(day, span.cut(Span(midnight, wall_instant(day + _DAY, time(), zone))))
            day += _DAY

    def is_night(self, moment: datetime) -> bool:
        """Return whether an instant (aware) lies in the night, whatever the day."""
        at = moment.astimezone(ZoneInfo(self.zone)).time()
        if self.night_from <= self.night_until:
            return self.night_from <= at < self.night_until
        return at >= self.night_from or at < self.night_until

    def _of_day(self, day: date, part: Span) -> Iterator[tuple[str, timedelta]]:
        if not part.length:
            return
        if day in self.holidays:
            yield "holiday", part.length
        elif day.weekday() in self.weekend:
            yield "weekend", part.length
        else:
            night = sum((part.cut(one).length for one in self._nights(day)), timedelta())
            yield "night", night
            yield "day", part.length - night

    def _nights(self, day: date) -> list[Span]:
        zone = ZoneInfo(self.zone)
        begins, ends = (wall_instant(day, at, zone) for at in (self.night_from, self.night_until))
        if self.night_from < self.night_until:
            return [Span(begins, ends)]
        if self.night_from == self.night_until:
            return []
        return [
            Span(wall_instant(day, time(), zone), ends),
            Span(begins, wall_instant(day + _DAY, time(), zone)),
        ]


@dataclass(slots=True)
class Hours:
    """Somebody's time on call: by kind, and how much of it they only stood by."""

    kinds: dict[str, timedelta] = field(default_factory=lambda: dict.fromkeys(KINDS, timedelta()))
    standby: timedelta = timedelta()
    shifts: int = 0

    @property
    def total(self) -> timedelta:
        return sum(self.kinds.values(), timedelta())

    @property
    def unsocial(self) -> timedelta:
        """Nights, weekends and holidays."""
        return self.total - self.kinds["day"]


def hours_by_person(shifts: Iterable[Shift], period: Span, reckoning: Reckoning) -> dict[str, Hours]:
    """Return the hours of each person of `shifts` in `period`; a person's overlapping shifts count once.

    Time in several roles at once counts as that of the first in line.
    """
    own: dict[str, list[Shift]] = {}
    for shift in shifts:
        if shift.span.cut(period).length:
            own.setdefault(shift.user, []).append(shift)
    found: dict[str, Hours] = {}
    for user, theirs in own.items():
        spans = [shift.span.cut(period) for shift in theirs]
        leading = union(shift.span.cut(period) for shift in theirs if shift.role.startswith(FIRST_IN_LINE))
        hours = Hours(shifts=len(theirs))
        for span in union(spans):
            for kind, length in reckoning.kinds(span):
                hours.kinds[kind] += length
        hours.standby = hours.total - sum((span.length for span in leading), timedelta())
        found[user] = hours
    return found


def month_of(moment: datetime, zone: str) -> Span:
    """Return the calendar month of that zone in which the instant lies, in UTC."""
    here = moment.astimezone(ZoneInfo(zone))
    first = here.date().replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    clock = ZoneInfo(zone)
    return Span(wall_instant(first, time(), clock), wall_instant(following, time(), clock))


def in_hours(length: timedelta) -> float:
    """Return a length in hours, to the hundredth."""
    return round(length / timedelta(hours=1), 2)


def utc_span(first: date, last: date, zone: str) -> Span:
    """Return the days `first` to `last` (both included) of a zone as a span in UTC."""
    clock = ZoneInfo(zone)
    return Span(
        wall_instant(first, time(), clock).astimezone(UTC),
        wall_instant(last + _DAY, time(), clock).astimezone(UTC),
    )

"""When a layer covers at all: by time of day on chosen weekdays, or one stretch in the week. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time

from incidents.oncall.zones import DAY, MINUTE, NEVER, WEEK, Clock, week_start

DAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class DayStretch:
    """A time of day on chosen weekdays (Monday is 0).

    One that ends at or before its beginning runs into the next day and belongs to the day on which it
    began; equal times mean 24 hours.
    """

    days: tuple[int, ...]
    begins: time
    ends: time

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """From and until in seconds of the week; what runs over Sunday's end lies beyond the week."""
        begins, ends = _seconds(self.begins), _seconds(self.ends)
        length = (ends - begins - 1) % DAY + 1
        return tuple((day * DAY + begins, day * DAY + begins + length) for day in self.days)

    @property
    def words(self) -> str:
        days = ", ".join(DAY_NAMES[day] for day in self.days) if len(self.days) < len(DAYS) else "every day"
        return f"{days} {self.begins:%H:%M}–{self.ends:%H:%M}"


@dataclass(frozen=True)
class WeekStretch:
    """One stretch in the week, of several days: from a weekday and time until another."""

    begins_day: int
    begins: time
    ends_day: int
    ends: time

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """From and until in seconds of the week; what runs over Sunday's end lies beyond the week."""
        begins = self.begins_day * DAY + _seconds(self.begins)
        ends = self.ends_day * DAY + _seconds(self.ends)
        return ((begins, begins + (ends - begins - 1) % WEEK + 1),)

    @property
    def words(self) -> str:
        begins, ends = DAY_NAMES[self.begins_day], DAY_NAMES[self.ends_day]
        return f"{begins} {self.begins:%H:%M} to {ends} {self.ends:%H:%M}"


Restriction = DayStretch | WeekStretch


class Cover:
    """When a layer covers, by its restrictions; without any it always does."""

    def __init__(self, restrictions: Sequence[Restriction], clock: Clock) -> None:
        self._clock = clock
        self.marks = _merged(mark for one in restrictions for mark in one.marks)
        self.always = not restrictions or self.marks == ((0, WEEK),)
        self._begins = [begins for begins, _ in self.marks]

    def at(self, instant: int) -> tuple[int, int] | None:
        """Return the stretch (instants) that covers the instant, or None."""
        if self.always:
            return -NEVER, NEVER
        found: tuple[int, int] | None = None
        for start, end in self._around(instant):
            if found is not None and start <= found[1]:
                found = found[0], max(found[1], end)
            elif start <= instant:
                found = (start, end) if start < end else found
        return found if found is not None and instant < found[1] else None

    def beside(self, instant: int) -> tuple[int, int]:
        """Return, of an instant that is not covered, when cover last ended and when it begins again."""
        ended, begins = -NEVER, NEVER
        for start, end in self._around(instant):
            if start < end <= instant:
                ended = max(ended, end)
            elif instant < start < end:
                begins = min(begins, start)
        return ended, begins

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches (instants) that overlap `start` to `end`, in order, apart from each other."""
        if self.always:
            yield -NEVER, NEVER
            return
        standing: tuple[int, int] | None = None
        # The stretch of a week before may reach into this one; a zone that leaves out a day, further.
        week = week_start(self._clock.wall(start)) - 2 * WEEK
        while week <= self._clock.wall(end) + DAY:
            for begins, ends in self.marks:
                stretch = self._clock.first(week + begins), self._clock.last(week + ends)
                if stretch[1] <= max(start, stretch[0]) or stretch[0] >= end:
                    continue
                if standing is not None and stretch[0] <= standing[1]:
                    standing = standing[0], max(standing[1], stretch[1])
                    continue
                if standing is not None:
                    yield standing
                standing = stretch
            week += WEEK
        if standing is not None:
            yield standing

    def _around(self, instant: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches near an instant: any that may hold it, the one before and the one after."""
        wall = self._clock.wall(instant)
        week = week_start(wall)
        count = len(self.marks)
        near = bisect_right(self._begins, wall - week)
        for position in range(near - 3, near + 3):
            weeks, mark = divmod(position, count)
            begins, ends = self.marks[mark]
            base = week + weeks * WEEK
            yield self._clock.first(base + begins), self._clock.last(base + ends)


def _merged(marks: Iterator[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the marks of the week in order, those that touch as one; the whole week is (0, WEEK)."""
    found: list[tuple[int, int]] = []
    for begins, ends in sorted(marks):
        if found and begins <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ends)
        else:
            found.append((begins, ends))
    # Sunday's end is Monday's beginning.
    while len(found) > 1 and found[0][0] + WEEK <= found[-1][1]:
        _, ends = found.pop(0)
        found[-1] = found[-1][0], max(found[-1][1], ends + WEEK)
    if found and found[-1][1] - found[-1][0] >= WEEK:
        return ((0, WEEK),)
    return tuple(found)


def _seconds(at: time) -> int:
    return (at.hour * 60 + at.minute) * MINUTE

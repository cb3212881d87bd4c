"""Rotations that count only days with coverage. Pure.

A day goes from one handover to the next. It counts where its layer covers any instant of it; days that do
not count use up nobody's turn. The days of a week repeat, so they are counted by whole weeks; only near a
change of the clocks a day is looked at by itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from incidents.oncall.restrictions import Cover
from incidents.oncall.rotations import Rotation, Turn
from incidents.oncall.zones import DAY, WEEK, Change, Clock, wall_seconds, week_start

_NEAR = 2  # days on either side of a change of the clocks, of which one may count otherwise


class CoveredDayTurns:
    """Turns of `every` days that have covered time each."""

    def __init__(self, rotation: Rotation, clock: Clock, cover: Cover) -> None:
        self._clock = clock
        self._cover = cover
        self._every = rotation.every
        self._wall = wall_seconds(rotation.start)
        self.anchor = clock.first(self._wall)
        self._counts = tuple(self._counts_by_the_clock(self._wall + day * DAY) for day in range(7))
        self._counting = tuple(day for day, counts in enumerate(self._counts) if counts)
        self._times = self._times_that_matter()
        # Days that count otherwise than their weekday does, with how many more (or fewer) that makes.
        self._odd: list[tuple[int, int]] = []
        self._looked_at = 0
        self._seen_until = -1

    def at(self, instant: int) -> Turn | None:
        """Return the turn of an instant, or None before the start.

        What lies between two days that count belongs to the turn before; nobody covers it.
        """
        if instant < self.anchor:
            return None
        counted = self._counted_before(self._day(instant) + 1)
        number = max(0, counted - 1) // self._every
        return self._turn(number)

    def between(self, start: int, end: int) -> Iterator[Turn]:
        """Yield the turns that overlap `start` to `end`, in order."""
        instant = max(start, self.anchor)
        if instant >= end or not self._counting:
            return
        turn = self.at(instant)
        while turn is not None and turn.start < end:
            yield turn
            turn = self._turn(turn.number + 1)

    def _turn(self, number: int) -> Turn:
        """Return a turn by its number: from the first of its days that count to that of the next turn."""
        first = 0 if number == 0 else self._day_that_counts(number * self._every)
        return Turn(
            self._begins(first), self._begins(self._day_that_counts((number + 1) * self._every)), number
        )

    def _begins(self, day: int) -> int:
        return self._clock.first(self._wall + day * DAY)

    def _day(self, instant: int) -> int:
        """Return the day (0 is that of the start) that holds an instant; one without length never does."""
        day = max(0, (self._clock.wall(instant) - self._wall) // DAY)
        while self._begins(day) > instant:
            day -= 1
        while self._begins(day + 1) <= instant:
            day += 1
        return day

    def _day_that_counts(self, number: int) -> int:
        """Return the day that counts with `number` such days before it."""
        weeks, rest = divmod(number, max(1, len(self._counting)))
        day = weeks * 7 + (self._counting[rest] if self._counting else 0)
        while self._counted_before(day) > number:
            day -= 1
        while self._counting and self._counted_before(day + 1) <= number:
            day += 1
        return day

    def _counted_before(self, day: int) -> int:
        """Return how many of the days 0 to `day` (not included) count."""
        weeks, rest = divmod(day, 7)
        usual = weeks * len(self._counting) + bisect_left(self._counting, rest)
        self._look_until(day)
        return usual + sum(more for _, more in self._odd[: bisect_left(self._odd, (day, -2))])

    def _look_until(self, day: int) -> None:
        """Look at the days near each change of the clocks before `day`; each change once."""
        changes = self._clock.changes
        while self._looked_at < len(changes):
            change = changes[self._looked_at]
            near = (min(change.before, change.after) - self._wall) // DAY
            if near - _NEAR >= day:
                return
            self._looked_at += 1
            if near >= -_NEAR and self._may_matter(change):
                self._look_near(near, (max(change.before, change.after) - self._wall) // DAY)

    def _look_near(self, first: int, last: int) -> None:
        for day in range(max(0, first - _NEAR, self._seen_until + 1), last + _NEAR + 1):
            counts = self._counts_truly(day)
            if counts != self._counts[day % 7]:
                self._odd.append((day, 1 if counts else -1))
            self._seen_until = day

    def _counts_truly(self, day: int) -> bool:
        start, end = self._begins(day), self._begins(day + 1)
        return start < end and any(True for _ in self._cover.between(start, end))

    def _counts_by_the_clock(self, wall: int) -> bool:
        """Return whether the day that begins at a wall time has covered time, were no clock ever changed."""
        week = week_start(wall)
        return self._cover.always or any(
            begins + shift < wall - week + DAY and wall - week < ends + shift
            for begins, ends in self._cover.marks
            for shift in (-WEEK, 0, WEEK)
        )

    def _times_that_matter(self) -> frozenset[int]:
        """Return the times of day (seconds) of handover and restrictions."""
        marks = (mark % DAY for pair in self._cover.marks for mark in pair)
        return frozenset({self._wall % DAY, *marks})

    def _may_matter(self, change: Change) -> bool:
        """Return whether a handover or a restriction falls into what the clocks skip or show twice."""
        low, high = sorted((change.before, change.after))
        return high - low >= DAY or any((at - low) % DAY <= high - low for at in self._times)

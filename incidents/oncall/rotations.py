"""Whose turn it is: rotations that go by the calendar. Pure.

Days, weeks and months are wall-clock time in the schedule's zone, hours are elapsed time. Each turn is
computed from the rotation's start by arithmetic; nothing is walked through.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from incidents.oncall.zones import DAY, HOUR, WEEK, Clock, wall_datetime, wall_seconds

Unit = Literal["hour", "day", "week", "month"]
Advance = Literal["calendar", "covered_days"]

UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month")
ADVANCES: tuple[Advance, ...] = ("calendar", "covered_days")

_SECONDS = {"hour": HOUR, "day": DAY, "week": WEEK}


@dataclass(frozen=True)
class Rotation:
    """Groups of people that take turns.

    `start` is the naive wall time of the first handover in the schedule's zone; it says when later ones are
    too. A turn lasts `every` units. Each group holds the ids of those who are on call together.
    """

    start: datetime
    unit: Unit
    every: int
    groups: tuple[tuple[str, ...], ...]
    advance: Advance = "calendar"


class Turn(NamedTuple):
    """One turn: from and until (instants), and its number, the first being 0."""

    start: int
    end: int
    number: int


class Turns(Protocol):
    """The turns of a rotation."""

    anchor: int
    """The instant at which the first turn begins. Nobody is on call before."""

    def at(self, instant: int) -> Turn | None:
        """Return the turn of an instant, or None before the rotation's start."""
        ...

    def between(self, start: int, end: int) -> Iterator[Turn]:
        """Yield the turns that overlap `start` to `end`, in order; a turn of zero length is none."""
        ...


class CalendarTurns:
    """Turns that go by the calendar, whether or not they have covered time."""

    def __init__(self, rotation: Rotation, clock: Clock) -> None:
        self._clock = clock
        self._every = rotation.every
        self._wall = wall_seconds(rotation.start)
        self._first_day = rotation.start.date()
        self._time = self._wall % DAY
        self._monthly = rotation.unit == "month"
        self._elapsed = rotation.unit == "hour"
        self._step = 0 if self._monthly else _SECONDS[rotation.unit] * rotation.every
        self.anchor = clock.first(self._wall)

    def at(self, instant: int) -> Turn | None:
        """Return the turn of an instant, or None before the rotation's start."""
        if instant < self.anchor:
            return None
        if self._elapsed:
            number = (instant - self.anchor) // self._step
            start = self.anchor + number * self._step
            return Turn(start, start + self._step, number)
        handover = self._near(instant)
        while self._begins(handover) > instant:
            handover -= 1
        while (end := self._begins(handover + 1)) <= instant:
            handover += 1
        return Turn(self._begins(handover), end, handover - self._without_length(handover))

    def between(self, start: int, end: int) -> Iterator[Turn]:
        """Yield the turns that overlap `start` to `end`, in order; a turn of zero length is none."""
        instant = max(start, self.anchor)
        if instant >= end:
            return
        turn = self.at(instant)
        while turn is not None and turn.start < end:
            yield turn
            turn = self._after(turn)

    def _after(self, turn: Turn) -> Turn | None:
        if self._elapsed:
            return Turn(turn.end, turn.end + self._step, turn.number + 1)
        if self._clock.skipped_days:
            return self.at(turn.end)
        return Turn(turn.end, self._begins(turn.number + 2), turn.number + 1)

    def _near(self, instant: int) -> int:
        """Return the number of a handover near an instant; the caller goes the last step."""
        wall = self._clock.wall(instant)
        if not self._monthly:
            return max(0, (wall - self._wall) // self._step)
        day = wall_datetime(wall).date()
        months = (day.year - self._first_day.year) * 12 + day.month - self._first_day.month
        return max(0, months // self._every)

    def _begins(self, handover: int) -> int:
        if self._monthly:
            return self._clock.first(self._month_wall(handover * self._every))
        return self._clock.first(self._wall + handover * self._step)

    def _month_wall(self, months: int) -> int:
        """Return the wall time that many months after the start, clamped to the month's end."""
        month = self._first_day.month - 1 + months
        year, month = self._first_day.year + month // 12, month % 12 + 1
        day = min(self._first_day.day, monthrange(year, month)[1])
        return (date(year, month, day).toordinal() - _EPOCH_DAY) * DAY + self._time

    def _without_length(self, handover: int) -> int:
        """Return how many turns before this handover have no length: they use up nobody.

        That is where a zone leaves out a whole day from a handover on to the next.
        """
        count = 0
        for skipped in self._clock.skipped_days if self._step else ():
            first = max(0, -((self._wall - skipped.before) // self._step))
            while first < handover and self._wall + (first + 1) * self._step <= skipped.after:
                count += 1
                first += 1
        return count


_EPOCH_DAY = date(1970, 1, 1).toordinal()


def words(rotation: Rotation) -> str:
    """Return how it goes, in words: "every 2 weeks on Monday at 09:00"."""
    often = f"every {rotation.unit}" if rotation.every == 1 else f"every {rotation.every} {rotation.unit}s"
    if rotation.unit == "hour":
        return f"{often} from {rotation.start:%Y-%m-%d %H:%M}"
    if rotation.unit == "week":
        return f"{often} on {rotation.start:%A} at {rotation.start:%H:%M}"
    if rotation.unit == "month":
        return f"{often} on day {rotation.start.day} at {rotation.start:%H:%M}"
    counted = " that has covered time" if rotation.advance == "covered_days" else ""
    return f"{often}{counted} at {rotation.start:%H:%M}"

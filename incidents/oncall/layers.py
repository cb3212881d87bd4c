"""A layer of a schedule: a rotation, when it covers, and what it hides. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from incidents.oncall.covered_days import CoveredDayTurns
from incidents.oncall.restrictions import Cover, Restriction
from incidents.oncall.rotations import CalendarTurns, Rotation, Turn, Turns
from incidents.oncall.zones import NEVER, Clock, wall_seconds


@dataclass(frozen=True)
class Layer:
    """One rotation of a schedule, its role and its priority.

    A layer of a higher priority hides those of a lower one that have the same role, where it covers; equal
    ones are both on call. `effective_from` and `effective_until` are naive wall times in the schedule's zone;
    the turns before count all the same.
    """

    name: str
    rotation: Rotation
    role: str = "primary"
    priority: int = 1
    restrictions: tuple[Restriction, ...] = ()
    effective_from: datetime | None = None
    effective_until: datetime | None = None


class Piece(NamedTuple):
    """One group on call by a layer: from and until (instants), and the position of the group."""

    start: int
    end: int
    group: int


class Course:
    """How one layer goes, in the zone of its schedule."""

    def __init__(self, layer: Layer, clock: Clock) -> None:
        self._clock = clock
        self._rotation = layer.rotation
        self.cover = Cover(layer.restrictions, clock)
        self._until = (
            NEVER if layer.effective_until is None else clock.first(wall_seconds(layer.effective_until))
        )
        self._effective = (
            None if layer.effective_from is None else clock.first(wall_seconds(layer.effective_from))
        )

    @cached_property
    def turns(self) -> Turns:
        if self._rotation.advance == "covered_days":
            return CoveredDayTurns(self._rotation, self._clock, self.cover)
        return CalendarTurns(self._rotation, self._clock)

    @cached_property
    def begins(self) -> int:
        """The instant from which it can cover anything."""
        return max(self.turns.anchor, -NEVER if self._effective is None else self._effective)

    @property
    def ends(self) -> int:
        return self._until

    def at(self, instant: int) -> Piece | None:
        """Return who is on call by this layer at an instant, and for how long, or None."""
        if not self.begins <= instant < self.ends:
            return None
        stretch = self.cover.at(instant)
        if stretch is None:
            return None
        start, end, number = self._turn(instant)
        return Piece(
            max(start, stretch[0], self.begins),
            min(end, stretch[1], self.ends),
            number % len(self._rotation.groups),
        )

    def beside(self, instant: int) -> tuple[int, int]:
        """Return, of an instant that it does not cover, when it last ended and when it begins again."""
        if instant < self.begins:
            return -NEVER, self._first_cover()
        if instant >= self.ends:
            return self.ends, NEVER
        ended, begins = self.cover.beside(instant)
        return (ended if ended > self.begins else -NEVER), (begins if begins < self.ends else NEVER)

    def between(self, start: int, end: int) -> Iterator[Piece]:
        """Yield who is on call by this layer from `start` to `end`, in order, cut to these."""
        start, end = max(start, self.begins), min(end, self.ends)
        if start >= end:
            return
        count = len(self._rotation.groups)
        stretches = self.cover.between(start, end)
        covers = next(stretches, None)
        for turn in self._turns_between(start, end):
            while covers is not None and covers[1] <= turn.start:
                covers = next(stretches, None)
            while covers is not None and covers[0] < turn.end:
                begins, ends = max(turn.start, covers[0], start), min(turn.end, covers[1], end)
                if begins < ends:
                    yield Piece(begins, ends, turn.number % count)
                if covers[1] > turn.end:
                    break
                covers = next(stretches, None)
            if covers is None:
                return

    def _turn(self, instant: int) -> Turn:
        """Return the turn of an instant that is not before the start; with one group there is only one."""
        turn = self.turns.at(instant)
        if turn is None or len(self._rotation.groups) == 1:
            return Turn(self.turns.anchor, NEVER, 0)
        return turn

    def _turns_between(self, start: int, end: int) -> Iterator[Turn]:
        if len(self._rotation.groups) == 1:
            return iter((Turn(self.turns.anchor, NEVER, 0),))
        return self.turns.between(start, end)

    def _first_cover(self) -> int:
        """Return the instant from which it covers for the first time."""
        if self.cover.at(self.begins) is not None:
            return self.begins
        return self.cover.beside(self.begins)[1]

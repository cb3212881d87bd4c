"""Shapes of charts in whole units of an SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scale:
    """What the height of a chart stands for."""

    low: float
    high: float

    def y(self, value: float, height: int) -> int:
        """Return how far from the top a value lies."""
        if self.high <= self.low:
            return height
        return round(height * (1 - (value - self.low) / (self.high - self.low)))


def scale_of(values: Sequence[float | None], *, from_zero: bool) -> Scale:
    """Return a scale that holds all values; of lines that vary little it need not begin at zero."""
    known = [value for value in values if value is not None]
    if not known:
        return Scale(0, 1)
    low, high = min(known), max(known)
    if from_zero or low == high:
        low, high = min(0.0, low), max(0.0, high)
    return Scale(low, high if high > low else low + 1)


def runs(values: Sequence[float | None], scale: Scale, *, width: int, height: int) -> list[list[Point]]:
    """Return a line as runs of points: a gap in the values is a gap in the line."""
    step = width / max(len(values) - 1, 1)
    found: list[list[Point]] = []
    last: int | None = None
    for number, value in enumerate(values):
        if value is None:
            continue
        point = (round(number * step), scale.y(value, height))
        if last == number - 1 and found:
            found[-1].append(point)
        else:
            found.append([point])
        last = number
    return found

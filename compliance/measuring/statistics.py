"""Statistics of the points of a window, from sums that were kept of each hour and day. Pure.

Percentiles are of **points**, each of the same weight, whatever it stands for: the 95th percentile of points
that are themselves 95th percentiles of requests is not the 95th percentile of requests, and is not called
so. They are exact (nearest rank) where the points themselves are at hand. From the sketch of whole days they
are within 1 % of the value at that rank: the points are counted in bins that grow by 2 % (the idea of
DDSketch, Masson, Rim and Lee, VLDB 2019).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

GAMMA = 1.02
_LOG = math.log(GAMMA)
SMALLEST = 1e-9
"""Nearer to zero than this counts as zero in the sketch."""
STATISTICS = ("mean", "min", "max", "last", "sum", "p50", "p95", "p99")
_RANKS = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(slots=True)
class Tally:
    """What is kept of the points of an hour, a day or a window."""

    count: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    last: float = math.nan
    last_at: datetime | None = None
    sketch: dict[int, int] = field(default_factory=dict)

    def add(self, at: datetime, value: float) -> None:
        """Count one point."""
        self.count += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)
        if self.last_at is None or at >= self.last_at:
            self.last, self.last_at = value, at
        number = bin_of(value)
        self.sketch[number] = self.sketch.get(number, 0) + 1

    def merge(self, other: Tally) -> None:
        """Count all points of another one."""
        if not other.count:
            return
        self.count += other.count
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        if other.last_at is not None and (self.last_at is None or other.last_at >= self.last_at):
            self.last, self.last_at = other.last, other.last_at
        for number, count in other.sketch.items():
            self.sketch[number] = self.sketch.get(number, 0) + count


def tally_of(points: Iterable[tuple[datetime, float]]) -> Tally:
    """Return the tally of points."""
    found = Tally()
    for at, value in points:
        found.add(at, value)
    return found


def bin_of(value: float) -> int:
    """Return the bin of a value: 0 for zero, growing with it, negative below zero."""
    size = abs(value)
    if size < SMALLEST:
        return 0
    number = math.ceil(math.log(size / SMALLEST) / _LOG) + 1
    return number if value > 0 else -number


def value_of(number: int) -> float:
    """Return the middle of a bin: within 1 % of every value in it."""
    if number == 0:
        return 0.0
    size = SMALLEST * GAMMA ** (abs(number) - 1) * 2 / (1 + GAMMA)
    return size if number > 0 else -size


def percentile(values: Sequence[float], rank: float) -> float:
    """Return the value at `rank` (0 to 1) by nearest rank. Raises `ValueError` of nothing."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(rank * len(ordered)) - 1)]


def sketched(sketch: Mapping[int, int], rank: float, least: float, most: float) -> float:
    """Return the value at `rank` of a sketch, within 1 %, and never outside what was really there."""
    count = sum(sketch.values())
    if not count:
        raise ValueError("no values")
    wanted, seen = max(1, math.ceil(rank * count)), 0
    for number in sorted(sketch):
        seen += sketch[number]
        if seen >= wanted:
            return min(max(value_of(number), least), most)
    return most


def statistic_of(tally: Tally, statistic: str, points: Sequence[float] | None = None) -> float | None:
    """Return one statistic of a tally, None of nothing. With `points`, percentiles are exact.

    Raises `ValueError` for one that there is not.
    """
    if not tally.count:
        return None
    match statistic:
        case "mean":
            # Sums of doubles lie a hair beside what was added up, which must not breach a target.
            return min(max(float(f"{tally.total / tally.count:.12g}"), tally.least), tally.most)
        case "min":
            return tally.least
        case "max":
            return tally.most
        case "sum":
            return tally.total
        case "last":
            return tally.last
    if statistic not in _RANKS:
        raise ValueError(f"no such statistic: {statistic}")
    rank = _RANKS[statistic]
    return percentile(points, rank) if points else sketched(tally.sketch, rank, tally.least, tally.most)

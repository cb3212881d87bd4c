"""Capacity: a projection by months against what was measured, and when a limit will be reached. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from compliance.measuring.budget import seconds
from compliance.measuring.units import EXACT
from compliance.measuring.windows import add_months

MONTHS = 120


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through measured points: value at `at`, and what it grows by a day."""

    at: datetime
    value: float
    per_day: float


def points_problem(points: Mapping[int, Decimal]) -> str:
    """Return what is wrong with a projection (month from 1 on, value), "" where nothing is."""
    if not points:
        return "Name at least one month."
    if any(not 1 <= month <= MONTHS for month in points):
        return f"Months count from 1 to {MONTHS}."
    if any(value < 0 or not value.is_finite() for value in points.values()):
        return "Values must not be negative."
    return ""


def projected_at(start: datetime, points: Mapping[int, Decimal], at: datetime) -> Decimal | None:
    """Return what a projection says for `at`: on the straight line between the months that it names.

    Month 1 is the one that begins at `start` (the first of a month, aware UTC); a value is of the end of its
    month. None outside of what it names: nobody projected that.
    """
    ends = sorted((add_months(start, month), value) for month, value in points.items())
    if not ends or not start <= at <= ends[-1][0]:
        return None
    before: tuple[datetime, Decimal] = (start, ends[0][1]) if len(ends) == 1 else (start, Decimal(0))
    for end, value in ends:
        if at <= end:
            share = EXACT.divide(seconds(at - before[0]), seconds(end - before[0]))
            first = value if before[0] == start and before[1] == 0 else before[1]
            return EXACT.add(first, EXACT.multiply(EXACT.subtract(value, first), share))
        before = (end, value)
    return None


def trend_of(points: Sequence[tuple[datetime, float]]) -> Trend | None:
    """Return the line of least squares through points; None of fewer than two different times."""
    if len(points) < 2:
        return None
    origin = points[0][0]
    days = [(at - origin) / timedelta(days=1) for at, _ in points]
    middle, mean = sum(days) / len(days), sum(value for _, value in points) / len(points)
    spread = sum((day - middle) ** 2 for day in days)
    if spread == 0:
        return None
    slope = (
        sum((day - middle) * (value - mean) for day, (_, value) in zip(days, points, strict=True)) / spread
    )
    newest = max(at for at, _ in points)
    return Trend(newest, mean + slope * ((newest - origin) / timedelta(days=1) - middle), slope)


def reached_at(trend: Trend, limit: float, horizon: timedelta = timedelta(days=730)) -> datetime | None:
    """Return when the line reaches `limit` from below; None where not within the horizon; `at` if it has."""
    if trend.value >= limit:
        return trend.at
    if trend.per_day <= 0:
        return None
    days = (limit - trend.value) / trend.per_day
    return trend.at + timedelta(days=days) if days <= horizon / timedelta(days=1) else None

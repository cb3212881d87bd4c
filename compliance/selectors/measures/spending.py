"""Cost budgets and capacity plans against what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Q

from compliance.measuring.capacity import Trend, projected_at, reached_at, trend_of
from compliance.measuring.costs import WORDS, CostLimits, Level, level_of, projected
from compliance.measuring.units import decimal_of
from compliance.measuring.windows import Span, add_months, month_span
from compliance.models import CapacityPlan, CostBudget, Series
from compliance.selectors.measures.figures import KnownFigure, known_figures
from compliance.selectors.measures.tallies import buckets_of, merged, tallies_of


@dataclass(frozen=True, slots=True)
class Spending:
    """A budget in one month: what was spent, what the month will have cost at its end, how it stands."""

    budget: CostBudget
    month: Span
    unit: str
    spent: Decimal | None
    ahead: Decimal | None
    level: Level
    newest: datetime | None

    @property
    def words(self) -> str:
        return WORDS[self.level]


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """One month of a plan: what was projected for its end, and the latest value that was measured in it."""

    month: date
    projected: Decimal | None
    actual: Decimal | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A capacity plan: its months, where it stands today, and when its trigger will be reached."""

    plan: CapacityPlan
    unit: str
    points: tuple[PlanPoint, ...]
    projected: Decimal | None
    actual: Decimal | None
    trend: Trend | None
    trigger_at: datetime | None

    @property
    def level(self) -> str:
        """`no_data`, `trigger` once the trigger is reached, `above` the projection, or `fine`."""
        if self.actual is None:
            return "no_data"
        if self.plan.trigger is not None and self.actual >= self.plan.trigger:
            return "trigger"
        if self.projected is not None and self.actual > self.projected:
            return "above"
        return "fine"


def spendings(month: Span, now: datetime) -> list[Spending]:
    """Return the budgets that hold in a month (of `month_span`), each with what was spent by `now`."""
    first = month.start.date()
    rows = CostBudget.objects.filter(state="active", since__lte=first).filter(
        Q(until__isnull=True) | Q(until__gte=first)
    )
    budgets = list(rows.select_related("service").order_by("service__slug", "component", "id"))
    series = _series((row.figure for row in budgets), now)
    span = Span(month.start, min(month.end, max(now, month.start)), month.end)
    tallies = tallies_of([row.pk for its in series.values() for row in its], span)
    units = known_figures()
    found = []
    for row in budgets:
        place = (row.figure, row.service.slug if row.service else "", row.component)
        known = [tallies[one.pk] for one in series.get(place, []) if one.pk in tallies]
        whole = merged(known)
        spent = decimal_of(whole.total) if whole.count else None
        limits = CostLimits(row.budget, row.alert_at, row.critical_at)
        found.append(
            Spending(
                budget=row,
                month=month,
                unit=_unit(units, row.figure),
                spent=spent,
                ahead=projected(spent, month, whole.last_at),
                level=level_of(spent, limits),
                newest=whole.last_at,
            )
        )
    return found


def month_of(now: datetime) -> Span:
    """Return the calendar month (UTC) of a moment."""
    return month_span(now.astimezone(UTC).year, now.astimezone(UTC).month)


def plans(now: datetime) -> list[Planned]:
    """Return the active capacity plans against what was measured by `now` (aware UTC)."""
    rows = list(CapacityPlan.objects.filter(state="active").select_related("service").order_by("id"))
    series = _series((row.figure for row in rows), now)
    units = known_figures()
    return [_planned(row, series, _unit(units, row.figure), now) for row in rows]


def _planned(
    row: CapacityPlan, series: dict[tuple[str, str, str], list[Series]], unit: str, now: datetime
) -> Planned:
    start = datetime.combine(row.start, time(), UTC)
    projection = {int(month): Decimal(value) for month, value in row.points.items()}
    place = (row.figure, row.service.slug if row.service else "", row.component)
    ids = [one.pk for one in series.get(place, [])]
    end = min(now, add_months(start, max(projection)))
    days = [(one.start, one.tally.last) for one in buckets_of(ids, start, end, "day")] if ids else []
    trend = trend_of([pair for pair in days if pair[0] >= now - timedelta(days=90)])
    limit = row.trigger
    months = []
    for number in range(1, max(projection) + 1):
        begin, over = add_months(start, number - 1), add_months(start, number)
        inside = [value for at, value in days if begin <= at < over]
        months.append(
            PlanPoint(
                begin.date(),
                projected_at(start, projection, over),
                decimal_of(inside[-1]) if inside else None,
            )
        )
    return Planned(
        plan=row,
        unit=unit,
        points=tuple(months),
        projected=projected_at(start, projection, now),
        actual=decimal_of(days[-1][1]) if days else None,
        trend=trend,
        trigger_at=reached_at(trend, float(limit)) if trend and limit is not None else None,
    )


def _series(figures: Iterable[str], now: datetime) -> dict[tuple[str, str, str], list[Series]]:
    found: dict[tuple[str, str, str], list[Series]] = {}
    for row in Series.objects.filter(figure__in=set(figures)):
        found.setdefault((row.figure, row.subject_key, row.component), []).append(row)
    return found


def _unit(known: dict[str, KnownFigure], figure: str) -> str:
    return known[figure].unit if figure in known else ""

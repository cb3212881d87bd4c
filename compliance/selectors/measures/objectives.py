"""Objectives with their error budgets: those that were made, and those that rules of the standard set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count

from compliance.measuring.batch import component_slug
from compliance.measuring.budget import BURN_ALERTS, Budget, BurnAlert, budget_of, burn_rate
from compliance.measuring.statistics import Tally, statistic_of
from compliance.measuring.units import EXACT, UnitError, convert, decimal_of, unit_of
from compliance.measuring.windows import Span, Window, span_at, usual_length, window_of
from compliance.models import Objective, Rollup, Series
from compliance.selectors.core import applies
from compliance.selectors.measures.judged import facts_of_service, measured_rules
from compliance.selectors.measures.tallies import merged, tallies_of
from opsportal.catalog.models import Service
from opsportal.standards.rules import Standard
from opsportal.standards.standing import Measure

HUNDRED = Decimal(100)
_GOOD = frozenset({"at_least", "above"})


@dataclass(frozen=True, slots=True)
class Promised:
    """So much of a figure must be good in a window. `key` is `SLO-3`, or the rule that says so."""

    key: str
    title: str
    service: str
    component: str
    figure: str
    percent: Decimal
    window: Window
    pk: int = 0
    rule: str = ""

    @property
    def share(self) -> Decimal:
        return EXACT.divide(self.percent, HUNDRED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an objective stands: what was good (percent), and what is left of its budget."""

    promised: Promised
    span: Span
    good: Decimal | None
    budget: Budget
    points: int
    newest: datetime | None

    @property
    def level(self) -> str:
        """`no_data`, `spent`, `low` below a quarter of the budget, or `fine`."""
        left = self.budget.left
        if left is None:
            return "no_data"
        return "spent" if left < 0 else "low" if left < Decimal("0.25") else "fine"


@dataclass(frozen=True, slots=True)
class Burn:
    """One burn-rate alert of an objective as it stands; None where nothing was measured in a window."""

    alert: BurnAlert
    limit: Decimal
    long: Decimal | None
    short: Decimal | None

    @property
    def is_firing(self) -> bool:
        return self.long is not None and self.short is not None and min(self.long, self.short) > self.limit


def promised_by(standard: Standard | None) -> list[Promised]:
    """Return the active objectives, then those of the rules of `standard`, one for each service."""
    rows = Objective.objects.filter(state="active").select_related("service").order_by("id")
    found = [promised_of(row) for row in rows]
    if standard is not None:
        found += _of_rules(standard)
    return found


def promised_of(row: Objective) -> Promised:
    """Return what an objective promises."""
    return Promised(
        key=row.key,
        title=row.title,
        service=row.service.slug if row.service else "",
        component=row.component,
        figure=row.figure,
        percent=row.objective,
        window=window_of(row.window),
        pk=row.pk,
    )


def _of_rules(standard: Standard) -> Iterable[Promised]:
    services: list[Service] = []
    for rule, demand in measured_rules(standard):
        if not _is_objective(demand, standard):
            continue
        percent = _percent(demand, standard)
        if not Decimal(0) < percent < HUNDRED:
            continue
        if demand.per == "service" and not services:
            services = list(Service.objects.filter(state="active").order_by("name", "id"))
        about = services if demand.per == "service" else [None]
        for service in about:
            if service is not None and not applies(rule, facts_of_service(service)):
                continue
            yield Promised(
                key=rule.id,
                title=rule.title,
                service=service.slug if service else "",
                component=component_slug(demand.component),
                figure=demand.figure,
                percent=percent,
                window=window_of(demand.window),
                rule=rule.id,
            )


def _is_objective(demand: Measure, standard: Standard) -> bool:
    figure = standard.figure(demand.figure)
    try:
        is_share = figure is not None and unit_of(figure.unit).dimension == "share"
    except UnitError:
        return False
    is_measured = figure is not None and any(one.id == figure.id for one in standard.figures)
    long_enough = usual_length(window_of(demand.window)) >= timedelta(days=1)
    return is_share and is_measured and long_enough and demand.bound in _GOOD and demand.statistic == "mean"


def _percent(demand: Measure, standard: Standard) -> Decimal:
    figure = standard.figure(demand.figure)
    return convert(demand.target, figure.unit if figure else "percent", "percent")


def as_of(end: datetime, now: datetime) -> datetime:
    """Return when objectives are judged of a time that ends at `end`, seen at `now` (aware UTC).

    The end is not included: of a report on March, a window of the calendar is March, and not April's first.
    """
    return end - timedelta(microseconds=1) if end <= now else now


def standings(promised: Iterable[Promised], now: datetime) -> list[Standing]:
    """Return where these stand at `now` (aware UTC): some statements for each window, however many."""
    wanted = list(promised)
    series = _series(wanted)
    by_window: dict[str, list[Promised]] = {}
    for one in wanted:
        by_window.setdefault(one.window.text, []).append(one)
    found: dict[int, Standing] = {}
    for rows in by_window.values():
        span = span_at(rows[0].window, now)
        ids = sorted({row.pk for one in rows for row in series[id(one)]})
        tallies, days = tallies_of(ids, span), _days(ids, span)
        for one in rows:
            found[id(one)] = _standing(one, span, series[id(one)], tallies, days)
    return [found[id(one)] for one in wanted]


def burns_of(one: Promised, now: datetime) -> list[Burn]:
    """Return the burn-rate alerts of one objective as they stand at `now`."""
    rows = _series([one])[id(one)]
    length = usual_length(one.window)
    found = []
    for alert in BURN_ALERTS:
        rates = [_rate(one, rows, Span(now - span, now, now)) for span in (alert.long, alert.short)]
        found.append(Burn(alert, alert.rate(length), rates[0], rates[1]))
    return found


def series_of(one: Promised) -> list[Series]:
    """Return the series that an objective is measured by."""
    return _series([one])[id(one)]


def _rate(one: Promised, rows: list[Series], span: Span) -> Decimal | None:
    good = _good(rows, tallies_of([row.pk for row in rows], span))
    return None if good is None else burn_rate(min(good / HUNDRED, Decimal(1)), one.share)


def _series(promised: list[Promised]) -> dict[int, list[Series]]:
    rows = Series.objects.filter(figure__in={one.figure for one in promised})
    by_place: dict[tuple[str, str, str], list[Series]] = {}
    for row in rows:
        by_place.setdefault((row.figure, row.subject_key, row.component), []).append(row)
    return {id(one): by_place.get((one.figure, one.service, one.component), []) for one in promised}


def _days(ids: list[int], span: Span) -> dict[int, int]:
    start = span.start.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Rollup.objects.filter(series__in=ids, grain="day", start__gte=start, start__lt=span.end)
    counted = rows.order_by().values("series_id").annotate(n=Count("id"))
    return {row["series_id"]: row["n"] for row in counted}


def _good(rows: list[Series], tallies: dict[int, Tally]) -> Decimal | None:
    """Return the mean in percent of the points of all these series together."""
    known = [(row, tallies[row.pk]) for row in rows if row.pk in tallies]
    if not known:
        return None
    mean = statistic_of(merged(tally for _, tally in known), "mean")
    return None if mean is None else convert(decimal_of(mean), known[0][0].unit, "percent")


def _standing(
    one: Promised, span: Span, rows: list[Series], tallies: dict[int, Tally], days: dict[int, int]
) -> Standing:
    good = _good(rows, tallies)
    known = [tallies[row.pk] for row in rows if row.pk in tallies]
    # A day with a point counts as measured, so that one point a day speaks for all of it.
    measured = min(timedelta(days=max((days.get(row.pk, 0) for row in rows), default=0)), span.elapsed)
    budget = budget_of(
        objective=one.share,
        good=None if good is None else max(min(good / HUNDRED, Decimal(1)), Decimal(0)),
        window=span.length,
        measured=measured,
    )
    return Standing(
        promised=one,
        span=span,
        good=good,
        budget=budget,
        points=sum(tally.count for tally in known),
        newest=max((tally.last_at for tally in known if tally.last_at), default=None),
    )

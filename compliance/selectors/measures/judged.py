"""Rules that hold a figure against a target: what is so of each of their subjects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from compliance.judging import Judgement
from compliance.measuring.batch import component_slug
from compliance.measuring.figures import OWN
from compliance.measuring.judging import SIGNS, Bounds, grade, is_stale, status
from compliance.measuring.statistics import Tally, statistic_of
from compliance.measuring.units import UnitError, convert, decimal_of, text_of
from compliance.measuring.windows import Span, Window, span_at, span_before, window_of
from compliance.models import Series
from compliance.selectors.core import applies
from compliance.selectors.measures.own import OwnFigures
from compliance.selectors.measures.tallies import merged, points_of, tallies_of
from opsportal.catalog.models import Service
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.standing import Measure
from opsportal.standards.vocabulary import Facts
from opsportal.standards.wording import role_in_words

EARLY = 4
"""A calendar window in its first quarter that has no data yet is judged by the one before."""
WORDS = {"mean": "mean", "min": "lowest value", "max": "highest value", "last": "latest value", "sum": "sum"}


@dataclass(frozen=True, slots=True)
class Value:
    """What a figure was of one subject, in its unit. `count` points, the newest of `newest` (aware UTC)."""

    value: Decimal | None
    span: Span
    count: int = 0
    newest: datetime | None = None
    subjects: int = 1
    is_stale: bool = False


@dataclass
class Scene:
    """What is read once for all rules: services, series, and the tallies of each window.

    Only of these `figures`, and of one `service` (its slug) where it is named.
    """

    standard: Standard
    now: datetime
    figures: frozenset[str]
    service: str = ""
    _tallies: dict[tuple[str, bool, bool], dict[int, Tally]] = field(default_factory=dict)
    _own: dict[Span, OwnFigures] = field(default_factory=dict)

    @cached_property
    def services(self) -> list[Service]:
        rows = Service.objects.filter(state="active").select_related("owner_team")
        return list(rows.order_by("name", "id"))

    @cached_property
    def series(self) -> dict[str, list[Series]]:
        """The series of the figures, by figure."""
        rows = Series.objects.filter(figure__in=self.figures - OWN.keys())
        found: dict[str, list[Series]] = {}
        for row in rows.filter(subject_key=self.service) if self.service else rows:
            found.setdefault(row.figure, []).append(row)
        return found

    def own(self, span: Span) -> OwnFigures:
        """Return the portal's own figures of a span, read once."""
        if span not in self._own:
            slugs = [service.slug for service in self.services]
            self._own[span] = OwnFigures(span, self.now, slugs)
        return self._own[span]

    def tallies(self, window: Window, *, before: bool, points: bool) -> dict[int, Tally]:
        """Return the tallies of all series in a window, or in the one before it."""
        place = (window.text, before, points)
        if place not in self._tallies:
            ids = [row.pk for rows in self.series.values() for row in rows]
            self._tallies[place] = tallies_of(ids, self.span(window, before=before), points=points)
        return self._tallies[place]

    def span(self, window: Window, *, before: bool = False) -> Span:
        """Return a window as it stands now, or the one before it."""
        span = span_at(window, self.now)
        return span_before(window, span) if before else span


def evaluate(
    rules: Sequence[Rule], standard: Standard, now: datetime, *, service: str = ""
) -> dict[str, list[Judgement]]:
    """Return what is so of rules that measure, by rule id, at `now` (aware UTC); of one `service` (its slug)
    alone where it is named.

    A few statements for each window, whatever the number of rules and points; percentiles take one more for
    each subject.
    """
    measured = {rule: rule.demand.figure for rule in rules if isinstance(rule.demand, Measure)}
    scene = Scene(standard, now, frozenset(measured.values()), service)
    return {rule.id: _judged(rule, scene) for rule in measured}


def _judged(rule: Rule, scene: Scene) -> list[Judgement]:
    demand = rule.demand
    assert isinstance(demand, Measure)  # noqa: S101 - the evaluator of this form
    if demand.per == "organisation":
        return [] if scene.service else [_judgement(rule, demand, scene, None)]
    return [
        _judgement(rule, demand, scene, service)
        for service in scene.services
        if scene.service in {"", service.slug} and applies(rule, facts_of_service(service))
    ]


def _judgement(rule: Rule, demand: Measure, scene: Scene, service: Service | None) -> Judgement:
    figure = scene.standard.figure(demand.figure)
    unit = figure.unit if figure else ""
    bounds = Bounds(demand.bound, demand.target, demand.acceptable, demand.critical)
    found = value_of(demand, scene, service.slug if service else "", unit)
    reached = grade(found.value, bounds)
    said = status(reached)
    if said == "met" and found.is_stale:
        said = "no_data"
    key = "/".join(part for part in (demand.figure, service.slug if service else "") if part)
    return Judgement(
        status=said,
        subject=("service", service.slug) if service else ("", ""),
        title=service.name if service else "",
        value=text_of(found.value, unit) if found.value is not None else "",
        target=f"{SIGNS[demand.bound]} {text_of(demand.target, unit)}",
        because=_because(demand, scene, found, reached, unit),
        deliverer=_deliverer(demand, scene, service) if said == "no_data" else "",
        records=(("figure", key),) if found.value is not None else (),
    )


def value_of(demand: Measure, scene: Scene, service: str, unit: str) -> Value:
    """Return a figure of one service (slug), or with `""` of the organisation, over the demand's window."""
    window = window_of(demand.window)
    span = scene.span(window)
    if demand.figure in OWN:
        value = scene.own(span).values(demand.figure).get(service)
        return Value(None if value is None else decimal_of(value), span, newest=scene.now)
    found = _measured(demand, scene, service, unit, window, before=False)
    if found.value is None and window.calendar and span.elapsed < span.length / EARLY:
        return _measured(demand, scene, service, unit, window, before=True)
    return found


def _measured(
    demand: Measure, scene: Scene, service: str, unit: str, window: Window, *, before: bool
) -> Value:
    span = scene.span(window, before=before)
    rows = _series(demand, scene, service)
    is_percentile = demand.statistic.startswith("p")
    tallies = scene.tallies(window, before=before, points=is_percentile)
    rows = [row for row in rows if row.pk in tallies]
    if not rows:
        return Value(None, span)
    whole = merged(_scaled(tallies[row.pk], row.unit, unit) for row in rows)
    points = None
    if is_percentile and len({row.unit for row in rows}) == 1:
        points = points_of([row.pk for row in rows], span)
        if points is not None and len(points) < whole.count:
            points = None  # the older ones are deleted; their days are not
        if points is not None:
            rate = _rate(rows[0].unit, unit)
            points = [value * rate for value in points]
    found = statistic_of(whole, demand.statistic, points)
    newest = whole.last_at
    return Value(
        None if found is None else decimal_of(found),
        span,
        whole.count,
        newest,
        len({row.subject_key for row in rows}),
        is_stale=newest is not None and is_stale(newest, span, demand.statistic),
    )


def _series(demand: Measure, scene: Scene, service: str) -> list[Series]:
    """Return the series that speak of a subject. Of the organisation all services do, where it has none."""
    component = component_slug(demand.component)
    rows = [row for row in scene.series.get(demand.figure, []) if row.component == component]
    own = [row for row in rows if row.subject_key == service]
    return own if own or service else rows


def _rate(given: str, wanted: str) -> float:
    try:
        return float(convert(Decimal(1), given, wanted))
    except UnitError:
        return 1.0


def _scaled(tally: Tally, given: str, wanted: str) -> Tally:
    rate = _rate(given, wanted)
    if rate == 1.0:
        return tally
    return Tally(
        tally.count,
        tally.total * rate,
        tally.least * rate,
        tally.most * rate,
        tally.last * rate,
        tally.last_at,
    )


def _because(demand: Measure, scene: Scene, found: Value, reached: str, unit: str) -> str:
    title = window_of(demand.window).title
    if found.value is None:
        if demand.figure in OWN:
            return f"Nothing happened in {title} that it could be computed of."
        return f"Nobody has measured it in {title}."
    if demand.figure in OWN:
        words = f"Computed from the portal's records of {title}."
    else:
        what = WORDS.get(demand.statistic, f"{demand.statistic[1:]}th percentile")
        of = f" over {found.subjects} services" if found.subjects > 1 else ""
        words = (
            f"The {what} of {found.count} points in {title}{of}, the newest of {found.newest:%Y-%m-%d %H:%M}."
        )
    if found.is_stale:
        words += " Since then nobody has measured it."
    if reached == "acceptable" and demand.acceptable is not None:
        words += (
            f" Not at its target, but acceptable ({SIGNS[demand.bound]} {text_of(demand.acceptable, unit)})."
        )
    if reached == "critical" and demand.critical is not None:
        words += f" Past the critical value of {text_of(demand.critical, unit)}."
    return words


def _deliverer(demand: Measure, scene: Scene, service: Service | None) -> str:
    kind, _, role = demand.provider.partition(":")
    if kind == "role":
        return role_in_words(role, scene.standard)
    return service.owner_team.name if service else "the administrators"


def facts_of_service(service: Service) -> Facts:
    """Return what a rule may ask of a service."""
    return {
        "service.slug": service.slug,
        "service.tier": service.tier,
        "service.data_classification": service.data_classification,
    }


def measured_rules(standard: Standard) -> Iterable[tuple[Rule, Measure]]:
    """Return the rules of a standard that hold a figure against a target."""
    for rule in standard.rules:
        if isinstance(rule.demand, Measure):
            yield rule, rule.demand

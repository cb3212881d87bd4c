"""Thresholds and objectives as a rule file of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from compliance.measuring.alert_rules import (
    Burning,
    Threshold,
    alerts_of_burning,
    alerts_of_threshold,
    rule_file,
)
from compliance.measuring.asking import Asked, metric, query
from compliance.measuring.batch import component_slug
from compliance.measuring.figures import OWN
from compliance.measuring.judging import Bounds
from compliance.measuring.units import UnitError, factor_between
from compliance.measuring.windows import usual_length, window_of
from compliance.models import PullSource
from compliance.selectors.core import applies
from compliance.selectors.measures.figures import KnownFigure, figures_of
from compliance.selectors.measures.judged import facts_of_service, measured_rules
from compliance.selectors.measures.objectives import Promised, promised_by
from opsportal.catalog.models import Service
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.standing import Measure

_HEAD = """Alert rules of opsportal: {name}
An expression is the statistic of the rule over its window, of the services that the rule is about.
A figure without a source of its own is asked as a metric of its id, with the labels service and component."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is read once for the whole file."""

    figures: dict[str, KnownFigure]
    sources: Sequence[PullSource]
    services: Sequence[Service]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Where a figure is asked: `factor` makes a value in the unit of the figure one of the answer."""

    asked: Asked
    factor: Decimal
    service: str = ""


def prometheus_rules() -> str:
    """Return the rule file (YAML) of the standard in force and of all objectives.

    Figures that a source pulls are asked by its query, others by a metric of their id. A rule about no
    service that there is gives no alert.
    """
    standard = active_standard_or_none()
    scene = _Scene(
        figures_of(standard),
        _sources(),
        list(Service.objects.filter(state="active").order_by("slug")),
    )
    thresholds = [] if standard is None else list(_thresholds(standard, scene))
    burning = [
        one for promised in promised_by(standard) if not promised.rule for one in _burning(promised, scene)
    ]
    name = f"{standard.title} {standard.version}" if standard else "no standard is active"
    return rule_file(
        [
            ("thresholds", [alert for one in thresholds for alert in alerts_of_threshold(one)]),
            ("objectives", [alert for one in burning for alert in alerts_of_burning(one)]),
        ],
        head=_HEAD.format(name=" ".join(name.split())),
    )


def _sources() -> list[PullSource]:
    """Return the sources that are asked, those of one service first: they know it best."""
    rows = PullSource.objects.filter(state="active").select_related("service").order_by("-id")
    return sorted(rows, key=lambda one: one.service_id is None)


def _thresholds(standard: Standard, scene: _Scene) -> Iterator[Threshold]:
    for rule, demand in measured_rules(standard):
        # What a month has cost is no sum of what is scraped.
        if demand.figure in OWN or demand.statistic == "sum":
            continue
        for tier, services in _concerned(rule, demand, scene):
            for answer in _answers(demand.figure, services, demand.component, scene):
                labels = {
                    "tier": tier,
                    "service": answer.service,
                    "component": component_slug(demand.component),
                }
                yield Threshold(
                    rule=rule.id,
                    title=rule.title,
                    source=f"{rule.source.section}, line {rule.source.line}",
                    expression=answer.asked.over(demand.statistic, usual_length(window_of(demand.window))),
                    bounds=Bounds(demand.bound, demand.target, demand.acceptable, demand.critical),
                    factor=answer.factor,
                    labels=tuple((name, value) for name, value in labels.items() if value),
                )


def _concerned(rule: Rule, demand: Measure, scene: _Scene) -> list[tuple[str, list[str]]]:
    """Return the services (slugs) that a rule is about by tier; `("", [])` for the organisation."""
    if demand.per == "organisation":
        return [("", [])]
    found: dict[str, list[str]] = {}
    for service in scene.services:
        if applies(rule, facts_of_service(service)):
            found.setdefault(service.tier, []).append(service.slug)
    return sorted(found.items())


def _answers(figure: str, services: Sequence[str], component: str, scene: _Scene) -> Iterator[_Answer]:
    """Yield where a figure of these services, or with none of the organisation, is asked."""
    left = set(services)
    is_asked = False
    for source in scene.sources:
        if source.figure != figure or bool(source.component_label) != bool(component):
            continue
        labels: dict[str, set[str]] = {}
        slug = source.service.slug if source.service else ""
        if slug and slug in left:
            left.discard(slug)
        elif source.service_label and left:
            labels[source.service_label], left = left, set()
        elif slug or source.service_label or services:
            continue
        if component:
            labels[source.component_label] = {component, component_slug(component)}
        is_asked = True
        yield _Answer(query(source.query, labels), _factor(source.unit, figure, scene), slug)
    if left or not (services or is_asked):
        wanted = {"service": left or {""}, "component": {component_slug(component)}}
        yield _Answer(metric(figure, wanted), Decimal(1))


def _factor(unit: str, figure: str, scene: _Scene) -> Decimal:
    known = scene.figures.get(figure)
    try:
        return factor_between(known.unit, unit) if known and unit else Decimal(1)
    except UnitError:
        return Decimal(1)


def _burning(one: Promised, scene: _Scene) -> Iterator[Burning]:
    known = scene.figures.get(one.figure)
    try:
        whole = factor_between("share", known.unit if known else "percent")
    except UnitError:  # under another standard its figure is no share any more
        return
    for answer in _answers(one.figure, [one.service] if one.service else [], one.component, scene):
        yield Burning(
            key=one.key,
            title=one.title,
            objective=one.share,
            window=usual_length(one.window),
            asked=answer.asked,
            whole=whole * answer.factor,
            service=one.service,
        )

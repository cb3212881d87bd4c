"""Thresholds and objectives as a rule file of Prometheus."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from compliance.measuring.alert_rules import (
    Burning,
    Threshold,
    alerts_of_burning,
    alerts_of_threshold,
    rule_file,
)
from compliance.measuring.batch import component_slug
from compliance.measuring.figures import OWN
from compliance.measuring.judging import Bounds
from compliance.measuring.units import UnitError, factor_between
from compliance.measuring.windows import usual_length, window_of
from compliance.models import PullSource
from compliance.selectors.measures.judged import measured_rules
from compliance.selectors.measures.objectives import Promised, promised_by
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.standing import Measure

SHORT = timedelta(hours=1)
"""A window below this is how long a value must be past its bound before anybody is told."""


def prometheus_rules() -> str:
    """Return the rule file (YAML) of the standard in force and of all objectives.

    Figures that a source pulls are asked by its query, others by a metric of their id.
    """
    standard = active_standard_or_none()
    sources = {one.figure: one for one in PullSource.objects.order_by("-id")}
    thresholds = [] if standard is None else _thresholds(standard, sources)
    burning = [_burning(one, sources) for one in promised_by(standard) if not one.rule]
    name = f"{standard.title} {standard.version}" if standard else "no standard is active"
    return rule_file(
        [
            ("thresholds", [alert for one in thresholds for alert in alerts_of_threshold(one)]),
            ("objectives", [alert for one in burning for alert in alerts_of_burning(one)]),
        ],
        head=f"Alert rules of opsportal: {' '.join(name.split())}\n"
        "A figure without a source of its own is asked as a metric of its id.",
    )


def _thresholds(standard: Standard, sources: dict[str, PullSource]) -> list[Threshold]:
    return [
        _threshold(rule, demand, standard, sources)
        for rule, demand in measured_rules(standard)
        if demand.figure not in OWN and demand.statistic != "sum"
    ]


def _threshold(rule: Rule, demand: Measure, standard: Standard, sources: dict[str, PullSource]) -> Threshold:
    figure = standard.figure(demand.figure)
    source = sources.get(demand.figure)
    factor = Decimal(1)
    if source is not None and source.unit and figure is not None:
        try:
            factor = factor_between(figure.unit, source.unit)
        except UnitError:
            factor = Decimal(1)
    length = usual_length(window_of(demand.window))
    return Threshold(
        rule=rule.id,
        title=rule.title,
        source=f"{rule.source.section}, line {rule.source.line}",
        expression=source.query if source else demand.figure,
        bounds=Bounds(demand.bound, demand.target, demand.acceptable, demand.critical),
        factor=factor,
        lasting=length if length < SHORT else timedelta(),
        component=component_slug(demand.component),
    )


def _burning(one: Promised, sources: dict[str, PullSource]) -> Burning:
    source = sources.get(one.figure)
    unit = (source.unit if source else "") or "percent"
    good = f"({source.query})" if source else one.figure
    whole = "1" if unit == "share" else "100"
    picked = f'{good}{{service="{one.service}"}}' if one.service and not source else good
    over = f"avg_over_time({picked}[{{window}}:1m])"
    return Burning(
        key=one.key,
        title=one.title,
        objective=one.share,
        window=usual_length(one.window),
        bad=f"1 - {over} / {whole}",
        service=one.service,
    )

"""Thresholds of the standard and burn rates of objectives as a rule file of Prometheus. Pure.

Written as YAML by hand: every text is a JSON string, which YAML reads as the same text, so that nothing that
a person typed becomes structure. Form: prometheus.io, "Alerting rules".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from compliance.measuring.asking import Asked, duration
from compliance.measuring.budget import BURN_ALERTS
from compliance.measuring.judging import Bounds

_NAME = re.compile(r"[^a-zA-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rule that holds a figure against values: `expression` gives what it is judged by.

    `factor` is what a value of the rule is multiplied by to be one of the expression. `labels` say whom it
    is about, as far as the expression does not.
    """

    rule: str
    title: str
    source: str
    expression: str
    bounds: Bounds
    factor: Decimal = Decimal(1)
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Burning:
    """An objective: `asked` is the share that is good, of which `whole` is all."""

    key: str
    title: str
    objective: Decimal
    window: timedelta
    asked: Asked
    whole: Decimal = Decimal(100)
    service: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of the file."""

    name: str
    expression: str
    severity: str
    summary: str
    labels: tuple[tuple[str, str], ...]


def alerts_of_threshold(one: Threshold) -> list[Alert]:
    """Return its alerts: past critical, and before that (a warning) past acceptable, else past the target.

    They bear one name, that of the rule: how bad it is stands in the label `severity`.
    """
    bounds = one.bounds
    warned = bounds.target if bounds.acceptable is None else bounds.acceptable
    values = [] if bounds.critical is None else [("critical", bounds.critical)]
    values += [] if warned == bounds.critical else [("warning", warned)]
    found = []
    for severity, value in values:
        limit = (value * one.factor).normalize()
        found.append(
            Alert(
                name=_named(one.rule),
                expression=f"{one.expression} {_past(bounds, value)} {limit:f}",
                severity=severity,
                summary=f"{one.title} ({one.source})",
                labels=(("rule", one.rule), *one.labels),
            )
        )
    return found


def _past(bounds: Bounds, value: Decimal) -> str:
    """Return the comparison that is true once a figure is past a bound; the critical value itself counts.

    Not where the critical value is the target, which the target's own direction takes or leaves.
    """
    counts = value == bounds.critical and value != bounds.target
    if bounds.direction in {"at_least", "above"}:
        return "<=" if counts or bounds.direction == "above" else "<"
    return ">=" if counts or bounds.direction == "below" else ">"


def alerts_of_burning(one: Burning) -> list[Alert]:
    """Return the alerts of an objective on two windows each (Site Reliability Workbook, chapter 5)."""
    budget = 1 - one.objective
    found = []
    for alert in BURN_ALERTS:
        limit = (alert.rate(one.window) * budget).normalize()
        both = [
            f"1 - {one.asked.over('mean', span)} / {one.whole.normalize():f} > {limit:f}"
            for span in (alert.long, alert.short)
        ]
        share = (alert.share * 100).normalize()
        labels = (("objective", one.key), *((("service", one.service),) if one.service else ()))
        found.append(
            Alert(
                name=_named(one.key, f"burn_{alert.name}"),
                expression=" and ".join(both),
                severity=alert.severity,
                summary=f"{one.title}: {share:f} % of the error budget in {duration(alert.long)}",
                labels=labels,
            )
        )
    return found


def rule_file(groups: Sequence[tuple[str, Iterable[Alert]]], *, head: str) -> str:
    """Return the file. Groups without alerts are left out; names of alerts may stand twice."""
    lines = [f"# {line}" for line in head.splitlines()]
    body: list[str] = []
    for name, alerts in groups:
        rows = [line for alert in alerts for line in _lines(alert)]
        if rows:
            body += [f"  - name: {_text(name)}", "    rules:", *rows]
    lines += ["groups:", *body] if body else ["groups: []"]
    return "\n".join(lines) + "\n"


def _lines(alert: Alert) -> list[str]:
    lines = [f"      - alert: {_text(alert.name)}", f"        expr: {_text(alert.expression)}"]
    lines += ["        labels:", f"          severity: {_text(alert.severity)}"]
    lines += [f"          {name}: {_text(value)}" for name, value in alert.labels]
    # Braces would be read as a template by Prometheus.
    summary = alert.summary.replace("{{", "{ {").replace("}}", "} }")
    return [*lines, "        annotations:", f"          summary: {_text(summary)}"]


def _text(value: str) -> str:
    # YAML 1.2 takes JSON; what lies outside of ASCII is escaped, since its readers differ there.
    return json.dumps(value)


def _named(*parts: str) -> str:
    return "".join(word[:1].upper() + word[1:] for part in parts for word in _NAME.split(part) if word)

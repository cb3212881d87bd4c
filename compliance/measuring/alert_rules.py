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

from compliance.measuring.budget import BURN_ALERTS
from compliance.measuring.judging import Bounds

_NAME = re.compile(r"[^a-zA-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rule that holds a figure against values: `expression` is what gives it in Prometheus.

    `factor` is what a value of the rule is multiplied by to be one of the expression.
    """

    rule: str
    title: str
    source: str
    expression: str
    bounds: Bounds
    factor: Decimal = Decimal(1)
    lasting: timedelta = timedelta()
    component: str = ""


@dataclass(frozen=True, slots=True)
class Burning:
    """An objective: `bad` is the PromQL of the bad share in a window that stands for `{window}` in it."""

    key: str
    title: str
    objective: Decimal
    window: timedelta
    bad: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of the file."""

    name: str
    expression: str
    lasting: timedelta
    severity: str
    summary: str
    labels: tuple[tuple[str, str], ...]


def alerts_of_threshold(one: Threshold) -> list[Alert]:
    """Return its alerts: past critical, past acceptable (a warning); without either, past the target."""
    values = [("critical", one.bounds.critical), ("warning", one.bounds.acceptable)]
    if all(value is None for _, value in values):
        values = [("warning", one.bounds.target)]
    found = []
    for severity, value in values:
        if value is None:
            continue
        sign = _past(one.bounds, is_critical=severity == "critical")
        limit = (value * one.factor).normalize()
        found.append(
            Alert(
                name=_named(one.rule, severity),
                expression=f"({one.expression}) {sign} {limit:f}",
                lasting=one.lasting,
                severity=severity,
                summary=f"{one.title} ({one.source})",
                labels=(("rule", one.rule), *((("component", one.component),) if one.component else ())),
            )
        )
    return found


def _past(bounds: Bounds, *, is_critical: bool) -> str:
    """Return the comparison that is true once a value is past a bound; the critical value itself counts."""
    if bounds.direction in {"at_least", "above"}:
        return "<=" if is_critical or bounds.direction == "above" else "<"
    return ">=" if is_critical or bounds.direction == "below" else ">"


def alerts_of_burning(one: Burning) -> list[Alert]:
    """Return the alerts of an objective on two windows each (Site Reliability Workbook, chapter 5)."""
    budget = 1 - one.objective
    found = []
    for alert in BURN_ALERTS:
        limit = (alert.rate(one.window) * budget).normalize()
        both = [
            f"({one.bad.replace('{window}', duration(span))}) > {limit:f}"
            for span in (alert.long, alert.short)
        ]
        labels = (("objective", one.key), *((("service", one.service),) if one.service else ()))
        found.append(
            Alert(
                name=_named(one.key, f"burn_{alert.name}"),
                expression=" and ".join(both),
                lasting=timedelta(),
                severity=alert.severity,
                summary=f"{one.title}: {alert.share * 100:f} % of the error budget in {duration(alert.long)}",
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
    if alert.lasting:
        lines.append(f"        for: {duration(alert.lasting)}")
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


def duration(span: timedelta) -> str:
    """Return a length as Prometheus writes it: `5m`, `1h30m`, `3d`."""
    left = int(span.total_seconds())
    words = ""
    for letter, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        words += f"{count}{letter}" if count else ""
    return words or "0s"

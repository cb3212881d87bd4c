"""What is asked of Prometheus for a figure, as PromQL. Pure.

An answer is narrowed to services and parts first, and then taken over a window by the statistic of the rule,
so that an alert looks at what the rule is judged by. Form: prometheus.io, "Querying basics" and "Functions".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

_OVER = {
    "mean": "avg_over_time({})",
    "min": "min_over_time({})",
    "max": "max_over_time({})",
    "last": "last_over_time({})",
    "sum": "sum_over_time({})",
    "p50": "quantile_over_time(0.5, {})",
    "p95": "quantile_over_time(0.95, {})",
    "p99": "quantile_over_time(0.99, {})",
}
_SHORTEST, _LONGEST = timedelta(seconds=15), timedelta(minutes=5)
"""The steps at which a query is asked again over a window; a metric has points of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An expression whose value at one moment is the figure; `is_metric` where it is a plain selector."""

    text: str
    is_metric: bool = False

    def over(self, statistic: str, window: timedelta) -> str:
        """Return the expression of a statistic (`mean`, `p95` …) of it over a window."""
        if self.is_metric:
            return _OVER[statistic].format(f"{self.text}[{duration(window)}]")
        step = duration(min(max(window / 60, _SHORTEST), _LONGEST))
        return _OVER[statistic].format(f"({self.text})[{duration(window)}:{step}]")


def metric(name: str, labels: Mapping[str, Collection[str]]) -> Asked:
    """Return the metric of that name whose labels have one of these values; `""`: no such label."""
    pairs = [_pair(label, sorted(values)) for label, values in labels.items()]
    return Asked(f"{name}{{{','.join(pairs)}}}" if pairs else name, is_metric=True)


def query(text: str, labels: Mapping[str, Collection[str]]) -> Asked:
    """Return a query of somebody's own, its answer narrowed to these values of its labels."""
    found = " ".join(text.split())
    for label, values in labels.items():
        # The label of an unknown expression is only reached from outside: by joining it with its values.
        known = " or ".join(
            f'label_replace(vector(1), "{label}", {json.dumps(value)}, "", "")' for value in sorted(values)
        )
        found = f"({found}) and on ({label}) ({known})"
    return Asked(found)


def duration(span: timedelta) -> str:
    """Return a length as Prometheus writes it: `5m`, `1h30m`, `3d`."""
    left = int(span.total_seconds())
    words = ""
    for letter, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        words += f"{count}{letter}" if count else ""
    return words or "0s"


def _pair(label: str, values: list[str]) -> str:
    if len(values) == 1:
        return f"{label}={json.dumps(values[0])}"
    # Slugs have no character that means something to a regular expression, but the dot.
    escaped = "|".join(value.replace(".", r"\.") for value in values)
    return f"{label}=~{json.dumps(escaped)}"

"""Automated response: what an alert says of the facts that triggers ask for, what an answer means. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal

from opsportal.standards.answers import Trigger
from opsportal.standards.content import source_of
from opsportal.standards.rules import Metric
from opsportal.standards.vocabulary import Value

MOST_TRIES = 3
"""How often one action is handed over where nobody answers."""
LEASE = timedelta(seconds=30)
"""How long a hand-over may take (it ends by itself after 10 s) until another worker does it again."""
TO_RETRY = timedelta(seconds=5)

Outcome = Literal["succeeded", "failed", "accepted"]
_TRUE, _FALSE = frozenset(("true", "1", "yes")), frozenset(("false", "0", "no"))


def metric_facts(
    labels: Mapping[str, str], annotations: Mapping[str, str], metrics: Iterable[Metric]
) -> dict[str, Value]:
    """Return the facts `metric.<id>` that an alert tells.

    By a label or annotation of the metric's own name (`cache_hit_rate: 0.8`), or by `metric: <id>` with
    `value`, which a metric that is true or false may leave out. What is no figure is not known.
    """
    said = {**annotations, **labels}
    found: dict[str, Value] = {}
    for metric in metrics:
        text = said.get(metric.id)
        if text is None and said.get("metric") == metric.id:
            text = said.get("value", "true" if metric.type == "boolean" else "")
        value = None if text is None else _figure(str(text), metric.type)
        if value is not None:
            found[f"metric.{metric.id}"] = value
    return found


def _figure(text: str, kind: str) -> float | bool | None:
    word = text.strip().lower()
    if kind == "boolean":
        return True if word in _TRUE else False if word in _FALSE else None
    share = word.endswith("%")
    try:
        value = float(word.rstrip("% "))
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return value / 100 if share else value


def plan_data(trigger: Trigger) -> dict[str, Any]:
    """Return what a response copies of its trigger, as plain JSON."""
    return {
        "when": trigger.when.text,
        "lasting": int(trigger.lasting.total_seconds()),
        "timeout": int(trigger.timeout.total_seconds()),
        "actions": [{"id": action.id, "tell": list(action.tell)} for action in trigger.actions],
        "source": source_of(trigger.source),
    }


def outcome_of(status: int, body: Mapping[str, Any]) -> Outcome:
    """Return what the answer to a call says: done, failed, or that its outcome will be told later."""
    if not 200 <= status < 300:
        return "failed"
    said = body.get("outcome")
    if said == "succeeded":
        return "succeeded"
    return "failed" if said == "failed" else "accepted"

"""What an alert says of the facts that triggers ask for, and what an answer means."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.responding import metric_facts, outcome_of
from opsportal.standards.rules import Metric

RATE = Metric("cache_hit_rate", "Hits", "number")
WRONG = Metric("hash_mismatch", "Mismatch", "boolean")


@pytest.mark.parametrize(
    ("labels", "annotations", "expected"),
    [
        ({}, {}, {}),
        ({"alertname": "x"}, {"cache_hit_rate": "0.84"}, {"metric.cache_hit_rate": 0.84}),
        ({}, {"cache_hit_rate": "84 %"}, {"metric.cache_hit_rate": 0.84}),
        ({"cache_hit_rate": "0.5"}, {"cache_hit_rate": "0.9"}, {"metric.cache_hit_rate": 0.5}),
        ({"metric": "cache_hit_rate"}, {"value": "0.7"}, {"metric.cache_hit_rate": 0.7}),
        ({"metric": "cache_hit_rate"}, {}, {}),
        ({"metric": "hash_mismatch"}, {}, {"metric.hash_mismatch": True}),
        ({"hash_mismatch": "no"}, {}, {"metric.hash_mismatch": False}),
        ({"hash_mismatch": "perhaps"}, {}, {}),
        ({"cache_hit_rate": "nan"}, {}, {}),
        ({"cache_hit_rate": "{{ $value }}"}, {}, {}),
    ],
)
def test_what_an_alert_says_of_metrics(
    labels: dict[str, str], annotations: dict[str, str], expected: dict[str, Any]
) -> None:
    assert metric_facts(labels, annotations, [RATE, WRONG]) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"outcome": "succeeded"}, "succeeded"),
        (200, {"outcome": "failed"}, "failed"),
        (202, {}, "accepted"),
        (200, {"outcome": 1}, "accepted"),
        (302, {"outcome": "succeeded"}, "failed"),
        (500, {"outcome": "succeeded"}, "failed"),
    ],
)
def test_what_an_answer_means(status: int, body: dict[str, Any], expected: str) -> None:
    assert outcome_of(status, body) == expected

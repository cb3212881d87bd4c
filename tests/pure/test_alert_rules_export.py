"""What a rule file of Prometheus asks and says: tables."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from compliance.measuring.alert_rules import (
    Burning,
    Threshold,
    alerts_of_burning,
    alerts_of_threshold,
    rule_file,
)
from compliance.measuring.asking import Asked, duration, metric, query
from compliance.measuring.judging import Bounds

MONTH, MINUTES = timedelta(days=30), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        (Bounds("at_most", Decimal(5)), [("warning", "> 5")]),
        (Bounds("at_most", Decimal(90), critical=Decimal(90)), [("critical", "> 90")]),
        (Bounds("below", Decimal(3), critical=Decimal(3)), [("critical", ">= 3")]),
        (Bounds("at_most", Decimal(1), critical=Decimal(5)), [("critical", ">= 5"), ("warning", "> 1")]),
        (
            Bounds("at_least", Decimal("99.9"), critical=Decimal("99.5")),
            [("critical", "<= 99.5"), ("warning", "< 99.9")],
        ),
        (
            Bounds("below", Decimal(2000), Decimal(3000), Decimal(5000)),
            [("critical", ">= 5000"), ("warning", ">= 3000")],
        ),
        (Bounds("above", Decimal(85)), [("warning", "<= 85")]),
    ],
)
def test_each_bound_is_an_alert_of_the_one_name(bounds: Bounds, found: list[tuple[str, str]]) -> None:
    alerts = alerts_of_threshold(Threshold("availability-critical", "Up", "SLAs, line 9", "x", bounds))
    assert [(one.severity, one.expression) for one in alerts] == [(word, f"x {sign}") for word, sign in found]
    assert {one.name for one in alerts} == {"AvailabilityCritical"}


@pytest.mark.parametrize(
    ("asked", "statistic", "window", "found"),
    [
        (metric("up_share", {}), "mean", MONTH, "avg_over_time(up_share[30d])"),
        (
            metric("up_share", {"service": ["b", "a"]}),
            "min",
            MINUTES,
            'min_over_time(up_share{service=~"a|b"}[5m])',
        ),
        (
            metric("x", {"service": [""], "component": ["a"]}),
            "p95",
            MINUTES,
            'quantile_over_time(0.95, x{service="",component="a"}[5m])',
        ),
        (query("rate(x[1m])\n * 2", {}), "mean", MINUTES, "avg_over_time((rate(x[1m]) * 2)[5m:15s])"),
        (query("x", {}), "last", MONTH, "last_over_time((x)[30d:5m])"),
        (
            query("x", {"job": {"b", "a"}}),
            "max",
            MINUTES,
            'max_over_time(((x) and on (job) (label_replace(vector(1), "job", "a", "", "") or'
            ' label_replace(vector(1), "job", "b", "", "")))[5m:15s])',
        ),
    ],
)
def test_an_alert_asks_for_what_its_rule_is_judged_by(
    asked: Asked, statistic: str, window: timedelta, found: str
) -> None:
    assert asked.over(statistic, window) == found


def test_the_value_is_in_the_unit_of_the_answer() -> None:
    threshold = Threshold("up", "Up", "SLAs", "x", Bounds("at_least", Decimal(99)), Decimal("0.01"))
    assert alerts_of_threshold(threshold)[0].expression == "x < 0.99"
    burning = Burning("SLO-3", "Up", Decimal("0.999"), MONTH, metric("up_share", {}), Decimal(1), "shop")
    fast = alerts_of_burning(burning)[0]
    assert (fast.name, fast.severity) == ("SLO3BurnFast", "page")
    assert fast.expression == (
        "1 - avg_over_time(up_share[1h]) / 1 > 0.0144 and 1 - avg_over_time(up_share[5m]) / 1 > 0.0144"
    )


def test_no_text_becomes_structure() -> None:
    bounds = Bounds("at_most", Decimal(5))
    alerts = alerts_of_threshold(
        Threshold("a", 'It {{ is }}\n"high"', "§ 1", "x", bounds, labels=(("tier", "core"),))
    )
    text = rule_file([("thresholds", alerts), ("objectives", [])], head="One\nTwo")
    assert text.startswith("# One\n# Two\ngroups:\n")
    assert '          tier: "core"\n' in text
    assert 'summary: "It { { is } }\\n\\"high\\" (\\u00a7 1)"' in text
    assert rule_file([], head="x") == "# x\ngroups: []\n"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "1m30s"), (2_628_288, "30d10h4m48s")])
def test_lengths_are_written_as_prometheus_reads_them(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text

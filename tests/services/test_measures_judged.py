"""Rules that measure: met, acceptable, breached, and above all: without data."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.judging import Judgement
from compliance.models import Measurement, Series
from compliance.selectors.measures.judged import evaluate
from compliance.services.measures.snapshots import snapshots_take
from opsportal.standards.selectors import active_standard
from tests.makers import NOW, make_service, make_team
from tests.measuring import measure, measured_under

pytestmark = pytest.mark.django_db

HEAD = """
[[role]]
id = "sre"
title = "Site Reliability"
kind = "job"
"""


def rule(identifier: str, demand: str, when: str = "") -> str:
    return f"""
[[rule]]
id = "{identifier}"
kind = "target"
title = "{identifier}"
applies_to = "measures.evaluate"
{f"when = '{when}'" if when else ""}
source = {{ section = "SLA", line = 1, quote = "It is measured." }}
[rule.demand.measure]
{demand}
"""


AVAILABILITY = rule(
    "availability",
    'figure = "availability"\nis = "at_least"\ntarget = 99.9\ncritical = 99\nprovider = "role:sre"',
    when='service.tier == "critical"',
)
RESPONSE = rule(
    "response",
    'figure = "response_time_p95"\nis = "below"\ntarget = 2000\nacceptable = 3000\n'
    'critical = 5000\nstatistic = "p95"',
)
COST = rule(
    "cost",
    'figure = "cost"\nper = "organisation"\ncomponent = "API Services"\nis = "at_most"\ntarget = 300\n'
    'statistic = "sum"\nwindow = "month"',
)
SUCCESS = rule("success", 'figure = "change_success_rate"\nper = "organisation"\nis = "above"\ntarget = 95')


@pytest.fixture
def found() -> dict[str, list[Judgement]]:
    standard = measured_under(HEAD, AVAILABILITY, RESPONSE, COST, SUCCESS)
    team = make_team("payments")
    for name, tier in (("alpha", "critical"), ("beta", "critical"), ("gamma", "critical"), ("delta", "core")):
        make_service(name, team=team, tier=tier)
    measure("availability", *[99.95] * 30, service="alpha")
    measure("availability", *[98.0] * 30, service="beta")
    measure("response_time_p95", *[100.0] * 18, 2500.0, 2500.0, service="alpha")
    measure("response_time_p95", 100.0, 100.0, service="beta", until=NOW - timedelta(days=9))
    measure("response_time_p95", 9000.0, service="gamma", until=NOW - timedelta(days=20))
    measure("cost", 100.0, 150.0, component="api-services")
    judged = evaluate(standard.rules, standard, NOW)
    return {name: sorted(rows, key=lambda one: one.subject) for name, rows in judged.items()}


def test_each_subject_is_judged_by_what_was_measured(found: dict[str, list[Judgement]]) -> None:
    table = {
        (name, one.subject[1]): (one.status, one.value, one.target)
        for name, rows in found.items()
        for one in rows
    }
    assert table == {
        ("availability", "alpha"): ("met", "99.95 %", "≥ 99.9 %"),
        ("availability", "beta"): ("breached", "98 %", "≥ 99.9 %"),
        ("availability", "gamma"): ("no_data", "", "≥ 99.9 %"),
        ("response", "alpha"): ("met", "2500 ms", "< 2000 ms"),
        # Good, but of nine days ago: that proves nothing any more.
        ("response", "beta"): ("no_data", "100 ms", "< 2000 ms"),
        # A breach stays one until somebody measures something better.
        ("response", "gamma"): ("breached", "9000 ms", "< 2000 ms"),
        ("response", "delta"): ("no_data", "", "< 2000 ms"),
        ("cost", ""): ("met", "250 USD", "≤ 300 USD"),
        ("success", ""): ("no_data", "", "> 95 %"),
    }


def test_of_one_service_the_same_is_said_and_nothing_else(found: dict[str, list[Judgement]]) -> None:
    standard = active_standard()
    for slug in ("alpha", "beta", "gamma", "delta"):
        alone = evaluate(standard.rules, standard, NOW, service=slug)
        expected = {
            rule: [one for one in rows if one.subject == ("service", slug)] for rule, rows in found.items()
        }
        assert alone == expected


def test_what_is_missing_names_who_must_deliver_it(found: dict[str, list[Judgement]]) -> None:
    by_subject = {one.subject[1]: one for one in found["availability"]}
    assert by_subject["gamma"].deliverer == "Site Reliability"
    assert by_subject["alpha"].deliverer == ""
    assert by_subject["alpha"].records == (("figure", "availability/alpha"),)
    assert {one.deliverer for one in found["response"] if one.status == "no_data"} == {"Payments"}
    assert found["success"][0].deliverer == "the administrators"


def test_the_words_say_window_points_and_grade(found: dict[str, list[Judgement]]) -> None:
    words = {one.subject[1]: one.because for one in found["response"]}
    assert words["alpha"] == (
        "The 95th percentile of 20 points in the last 30 days, the newest of 2026-03-02 09:30."
        " Not at its target, but acceptable (< 3000 ms)."
    )
    assert words["beta"].endswith("Since then nobody has measured it.")
    assert words["gamma"].endswith("Past the critical value of 5000 ms.")
    assert words["delta"] == "Nobody has measured it in the last 30 days."


def test_in_its_first_days_a_month_is_judged_by_the_one_before() -> None:
    standard = measured_under(COST)
    measure("cost", 400.0, component="api-services", until=NOW - timedelta(days=10))
    (one,) = evaluate(standard.rules, standard, NOW)["cost"]
    assert (one.status, one.value) == ("breached", "400 USD")
    (later,) = evaluate(standard.rules, standard, NOW + timedelta(days=10))["cost"]
    assert later.status == "no_data"


def test_own_figures_are_measured_once_a_day() -> None:
    measured_under()
    service = make_service("alpha")
    first = snapshots_take(clock=lambda: NOW)
    assert first > 0
    assert snapshots_take(clock=lambda: NOW + timedelta(hours=3)) == 0
    assert snapshots_take(clock=lambda: NOW + timedelta(days=1)) == first
    kept = Series.objects.get(figure="mtbf", subject_key=service.slug)
    assert (kept.source, kept.unit) == ("portal", "h")
    # Without a failure the time looked at is what is known.
    assert list(Measurement.objects.filter(series=kept).values_list("value", flat=True)) == [720.0, 720.0]

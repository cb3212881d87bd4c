"""Objectives, budgets, plans, sources, rule file and reports by API."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from compliance.selectors.measures.objectives import promised_by, standings
from opsportal.standards.selectors import active_standard
from tests import deploying
from tests.makers import make_service, make_token, make_user
from tests.measuring import measure, measured_under
from tests.services.test_measures_judged import AVAILABILITY, HEAD, RESPONSE
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def admin() -> Client:
    measured_under(HEAD, AVAILABILITY, RESPONSE)
    make_service("payments-api", tier="critical")
    client = Client()
    client.force_login(make_user(staff=True))
    return client


def send(client: Client, path: str, body: Any, method: str = "post", **headers: str) -> Any:
    call = getattr(client, method)
    return call(f"{API}{path}", json.dumps(body), content_type="application/json", headers=headers)


SLO = {
    "title": "Payments work",
    "service": "payments-api",
    "figure": "availability",
    "objective": "99.9",
    "window": "30.42d",
}
SOURCE = {
    "slug": "prometheus",
    "title": "Ours",
    "base_url": "http://prometheus.example:9090",
    "query": 'avg_over_time(up{job="api"}[5m])',
    "figure": "availability",
    "unit": "share",
    "step": 60,
    "token": "s3cret",
}


def test_an_objective_is_made_changed_and_retired(admin: Client) -> None:
    made = send(admin, "/slos/", SLO)
    key = made.json()["key"]
    assert (made.status_code, key[:4], made.json()["objective"]) == (201, "SLO-", 99.9)
    assert send(admin, "/slos/", SLO).json()["errors"][0]["code"] == "exists"
    edited = send(admin, f"/slos/{key}/", {"objective": 99.95}, "patch", **{"If-Match": '"1"'})
    assert (edited.json()["objective"], edited["ETag"]) == (99.95, '"2"')
    assert send(admin, f"/slos/{key}/", {"objective": 99}, "patch", **{"If-Match": '"1"'}).status_code == 409
    assert send(admin, f"/slos/{key}/retire/", {}).json()["state"] == "retired"
    assert send(admin, f"/slos/{key}/retire/", {}).status_code == 409
    assert [one["key"] for one in admin.get(f"{API}/slos/?state=retired").json()["results"]] == [key]
    assert admin.get(f"{API}/slos/SLO-999999/").status_code == 404


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("/slos/", {**SLO, "objective": 100}, "/objective", "out_of_range"),
    ("/slos/", {**SLO, "objective": "NaN"}, "/objective", "not_finite"),
    ("/slos/", {**SLO, "figure": "cost"}, "/figure", "not_a_share"),
    ("/slos/", {**SLO, "window": "fortnight"}, "/window", "not_a_window"),
    ("/slos/", {**SLO, "service": "nobody"}, "/service", "unknown"),
    (
        "/cost-budgets/",
        {"component": "storage", "budget": 40, "alert_at": 45, "critical_at": 50, "since": "2026-01"},
        "/alert_at",
        "not_rising",
    ),
    (
        "/cost-budgets/",
        {"component": "storage", "budget": 50, "alert_at": 40, "critical_at": 45, "since": "soon"},
        "/since",
        "not_a_month",
    ),
    (
        "/capacity-plans/",
        {"title": "Users", "figure": "availability", "start": "2026-01", "points": {"0": 1}},
        "/points",
        "not_a_projection",
    ),
    ("/measurements/sources/", {**SOURCE, "unit": "ms"}, "/unit", "unit_mismatch"),
]


@pytest.mark.parametrize(("path", "body", "pointer", "code"), BAD)
def test_bad_input_has_a_pointer(
    admin: Client, path: str, body: dict[str, Any], pointer: str, code: str
) -> None:
    with nothing_written(at_an_edge=True):
        answer = send(admin, path, body)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["pointer"], error["code"]) == (400, pointer, code)


def test_budgets_plans_and_sources_are_kept(admin: Client) -> None:
    budget = {
        "component": "storage",
        "budget": 50,
        "alert_at": 40,
        "critical_at": "45.50",
        "since": "2026-01",
    }
    made = send(admin, "/cost-budgets/", budget).json()
    assert (made["critical_at"], made["since"], made["until"]) == ("45.50", "2026-01", "")
    retired = send(admin, f"/cost-budgets/{made['id']}/retire/", {})
    assert retired.json()["state"] == "retired"
    plan = {
        "title": "Users",
        "figure": "response_time_p95",
        "start": "2026-01",
        "points": {"3": 50, "1": "10"},
        "trigger": 45,
    }
    kept = send(admin, "/capacity-plans/", plan).json()
    assert (kept["points"], kept["trigger"]) == ({"1": "10", "3": "50"}, "45")
    source = send(admin, "/measurements/sources/", SOURCE)
    assert source.status_code == 201
    assert "s3cret" not in source.content.decode()
    paused = send(admin, "/measurements/sources/prometheus/pause/", {}).json()
    assert (paused["state"], paused["version"]) == ("paused", 2)
    assert admin.get(f"{API}/measurements/sources/").json()["results"][0]["slug"] == "prometheus"


def test_thresholds_are_given_as_rules_of_prometheus(
    admin: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed = {**SOURCE, "slug": "of-payments", "service": "payments-api"}
    labelled = {**SOURCE, "slug": "of-all", "service_label": "job"}
    for source in (SOURCE, fixed, labelled):
        assert send(admin, "/measurements/sources/", source).status_code == 201
    make_service("orders-api", tier="core")
    make_service("search-api", tier="critical")
    assert send(admin, "/slos/", SLO).status_code == 201
    answer = admin.get(f"{API}/measurements/prometheus-rules/")
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("application/yaml")
    # The value of the rule is in percent, the query answers in shares.
    asked = 'avg_over_time(up{job=\\"api\\"}[5m])'
    assert f'expr: "avg_over_time(({asked})[30d:5m]) <= 0.99"' in text
    only = 'and on (job) (label_replace(vector(1), \\"job\\", \\"search-api\\", \\"\\", \\"\\"))'
    assert f'expr: "avg_over_time((({asked}) {only})[30d:5m]) <= 0.99"' in text
    for services in ('=~\\"payments-api|search-api', '=\\"orders-api'):
        times = f'quantile_over_time(0.95, response_time_p95{{service{services}\\",component=\\"\\"}}[30d])'
        assert f'expr: "{times} >= 3000"' in text
        assert f'expr: "{times} >= 5000"' in text
    assert text.count("alert: ") == 2 * 2 + 2 * 2 + 3
    assert text.count('tier: "critical"') == 2 * 2 + 2
    assert text.count('service: "payments-api"') == 2 + 3
    call_command("prometheus_rules")
    assert capsys.readouterr().out == text
    file = tmp_path / "rules.yml"
    file.write_text(text, encoding="utf-8")
    if promtool := shutil.which("promtool"):
        checked = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stdout.decode() + checked.stderr.decode()


@pytest.mark.parametrize("name", ["dora", "changes", "oncall", "slo", "incidents"])
def test_every_report_comes_as_json_and_as_rows(admin: Client, name: str) -> None:
    answer = admin.get(f"{API}/reports/{name}/?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z")
    assert answer.status_code == 200
    rows = admin.get(f"{API}/reports/{name}/?format=csv", headers={"Accept": "text/csv"})
    assert rows["Content-Type"].startswith("text/csv")
    assert b"".join(rows).count(b"\n") >= 1
    for query in ("from=2026-03-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from=2026-03-01", "colour=red"):
        assert admin.get(f"{API}/reports/{name}/?{query}").status_code == 400


def test_the_report_on_objectives_says_what_is_left(admin: Client) -> None:
    key = send(admin, "/slos/", SLO).json()["key"]
    now = datetime.now(UTC)
    measure("availability", *[99.95] * 11, service="payments-api", until=now)
    start = (now - timedelta(days=10)).strftime("%Y-%m-%dT00:00:00Z")
    (made, ruled) = admin.get(f"{API}/reports/slo/?from={start}").json()["objectives"]
    assert (made["objective"], made["good_percent"], made["points"]) == (key, 99.95, 11)
    # Of its own 30.42 days, not of the ten of the report: the page of the objective says the same.
    assert made["budget_spent"] == pytest.approx(0.5 * 11 / 30.42, abs=0.02)
    assert datetime.fromisoformat(made["from"]) < now - timedelta(days=30)
    row = next(one for one in standings(promised_by(active_standard()), now) if one.promised.key == key)
    assert made["budget_spent"] == pytest.approx(float(row.budget.spent or 0), abs=0.001)
    assert (ruled["objective"], ruled["service"]) == ("availability", "payments-api")


def test_the_report_on_delivery_counts_what_reached_production() -> None:
    cast = deploying.make_stage()
    client = Client()
    client.force_login(make_user(staff=True))
    told = client.get(f"{API}/reports/dora/").json()
    assert (told["deployments"], told["change_fail_rate"]) == (0, None)
    assert cast is not None
    _, secret = make_token(["compliance:read"], now=datetime.now(UTC))
    machine = Client().get(f"{API}/reports/dora/", HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert machine.status_code == 200


def test_an_objective_spent_of_its_own_window_is_spent_in_a_longer_report(admin: Client) -> None:
    send(admin, "/slos/", SLO)
    now = datetime.now(UTC)
    measure("availability", *[100.0] * 60, *[99.8] * 30, service="payments-api", until=now)
    start = (now - timedelta(days=90)).strftime("%Y-%m-%dT00:00:00Z")
    (made, _) = admin.get(f"{API}/reports/slo/?from={start}").json()["objectives"]
    assert made["budget_spent"] > 1
    page = admin.get(f"/reports/slo/?from={start[:10]}").content.decode()
    assert "own window at the end of this time" in page
    assert "30.42 days" in page


def test_a_calendar_window_is_the_one_that_ended_with_the_report(admin: Client) -> None:
    send(admin, "/slos/", {**SLO, "window": "month"})
    (made, _) = admin.get(f"{API}/reports/slo/?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z").json()[
        "objectives"
    ]
    assert (made["from"][:10], made["to"][:10]) == ("2026-01-01", "2026-01-31")

"""Pages of figures, objectives, costs, capacity, sources and reports."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from compliance.models import CapacityPlan, CostBudget, Objective, PullSource
from compliance.services.reports import monthly_report_make
from tests.makers import make_service, make_user
from tests.measuring import measure, measured_under
from tests.services.test_measures_judged import AVAILABILITY, HEAD, RESPONSE

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    measured_under(HEAD, AVAILABILITY, RESPONSE)
    make_service("payments-api", tier="critical")
    now = datetime.now(UTC)
    measure("availability", *[99.95] * 5, *[99.0] * 5, service="payments-api", until=now)
    measure("cost", 20.0, 25.0, component="storage", until=now, every=timedelta(minutes=1))
    client = Client()
    client.force_login(make_user(staff=True))
    return client


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


OBJECTIVE = {
    "title": "Payments work",
    "figure": "availability",
    "service": "payments-api",
    "objective": "99.9",
    "window": "30d",
    "component": "",
}


def test_an_objective_shows_what_is_left_of_its_budget(admin: Client) -> None:
    assert admin.post("/compliance/objectives/new/", OBJECTIVE).status_code == 302
    page = text(admin.get("/compliance/objectives/SLO-1/"))
    assert "overspent by" in page
    assert "<polyline" in page
    listed = text(admin.get("/compliance/objectives/"))
    assert "Payments work" in listed
    assert "Spent" in listed
    refused = admin.post("/compliance/objectives/new/", {**OBJECTIVE, "objective": "100"})
    assert (refused.status_code, Objective.objects.count()) == (400, 1)
    assert "Must lie between 0 and 100" in text(refused)
    edited = {**OBJECTIVE, "objective": "99", "version": "1"}
    assert admin.post("/compliance/objectives/SLO-1/edit/", edited).status_code == 302
    assert admin.post("/compliance/objectives/SLO-1/edit/", edited).status_code == 409
    assert admin.post("/compliance/objectives/SLO-1/retire/", {"version": "2"}).status_code == 302
    assert Objective.objects.get().state == "retired"


def test_costs_and_capacity_stand_against_what_was_measured(admin: Client) -> None:
    now = datetime.now(UTC)
    month = f"{now:%Y-%m}"
    budget = {
        "component": "storage",
        "figure": "cost",
        "service": "",
        "budget": "50",
        "alert_at": "40",
        "critical_at": "45",
        "since": month,
        "until": "",
    }
    assert admin.post("/compliance/costs/new/", budget).status_code == 302
    assert CostBudget.objects.count() == 1
    page = text(admin.get("/compliance/costs/"))
    assert "Past the critical value" in page
    assert "45 USD" in page
    plan = {
        "title": "Users",
        "figure": "cost",
        "service": "",
        "component": "storage",
        "start": month,
        "points": "1 = 10\n3 = 50",
        "trigger": "20",
        "trigger_text": "Add a disk",
    }
    assert admin.post("/compliance/capacity/new/", plan).status_code == 302
    assert CapacityPlan.objects.get().points == {"1": "10", "3": "50"}
    assert "Trigger reached" in text(admin.get("/compliance/capacity/"))


def test_a_source_is_set_up_and_its_token_is_shown_to_nobody(admin: Client) -> None:
    source = {
        "title": "Ours",
        "slug": "ours",
        "base_url": "http://prometheus.example:9090",
        "query": "up",
        "figure": "availability",
        "unit": "share",
        "service": "payments-api",
        "step": "60",
        "token": "s3cret",
    }
    assert admin.post("/compliance/sources/new/", source).status_code == 302
    assert PullSource.objects.get().token
    assert "s3cret" not in text(admin.get("/compliance/sources/"))
    outsider = Client()
    outsider.force_login(make_user())
    assert outsider.get("/compliance/sources/new/").status_code == 403
    assert "New source" not in text(outsider.get("/compliance/sources/"))


def test_a_figure_shows_its_days_and_its_rules(admin: Client) -> None:
    page = text(admin.get("/compliance/figures/availability/?service=payments-api"))
    assert "Breached" in page
    assert "<svg" in page
    assert admin.get("/compliance/figures/coffee/").status_code == 404
    listed = text(admin.get("/compliance/figures/"))
    assert "/compliance/figures/availability/" in listed


def test_reports_are_pages_sheets_and_papers(admin: Client) -> None:
    board = text(admin.get("/reports/"))
    assert "Key figures" in board
    for name in ("dora", "changes", "oncall", "slo"):
        assert f"/reports/{name}/" in board
        assert admin.get(f"/reports/{name}/?since=2026-01-01&until=2026-02-01").status_code == 200
        paper = admin.get(f"/reports/{name}/report.pdf")
        assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
        for form in ("csv", "xlsx", "json"):
            assert b"".join(admin.get(f"/reports/{name}/report.{form}"))
    assert admin.get("/reports/slo/?since=2026-02-01&until=2026-01-01").status_code == 400
    assert admin.get("/reports/slo/?since=soon").status_code == 400


def test_a_report_says_in_its_form_which_days_it_is_about(admin: Client) -> None:
    form = admin.get("/reports/dora/?until=2026-02-28").content.decode()
    assert re.findall(r'type="date"[^>]* value="([^"]*)"', form) == ["2025-11-30", "2026-02-28"]


def test_the_monthly_report_is_read_again_as_it_was_made(admin: Client) -> None:
    assert admin.post("/reports/mail/").status_code == 302
    assert "Do not send it to me" in text(admin.get("/reports/"))
    made = monthly_report_make(clock=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert made is not None
    page = text(admin.get("/reports/monthly/2026-02/"))
    assert made.content_hash in page
    first = admin.get("/reports/monthly/2026-02/report.pdf")
    assert first.content == admin.get("/reports/monthly/2026-02/report.pdf").content
    assert admin.get("/reports/monthly/2026-09/").status_code == 404

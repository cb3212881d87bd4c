"""The rows behind the figures, and the faces that show them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from incidents.models import Incident
from incidents.selectors.figures import (
    alert_rules,
    alert_rules_without_runbook,
    incident_report,
    incident_rows,
    missed_clocks,
)
from incidents.services.learning.postmortems import postmortem_edit, postmortem_start
from opsportal.obligations.services import obligations_advance
from tests.alerting import arrival, ingest, make_integration
from tests.makers import NOW, ROOT
from tests.response import MINUTE, Crew, acknowledged, declared, make_crew, resolved, restricted

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def test_the_figures_of_a_period_count_what_the_reader_may_see(crew: Crew) -> None:
    over = resolved(crew, detected_at=NOW - 5 * MINUTE, detected_by="user")
    Incident.objects.filter(pk=over.pk).update(resolved_at=NOW + 10 * MINUTE)
    acknowledged(crew, severity="sev3", services=["shop"])
    restricted(crew)
    old = resolved(crew, now=NOW - 60 * DAY)
    for incident in (over, old):
        made = postmortem_start(actor=crew.responder.actor, now=NOW, incident=incident.key)
        postmortem_edit(actor=crew.responder.actor, now=NOW, pk=made.pk, fields={"cause": "capacity"})
    end = NOW + DAY
    rows = incident_rows(crew.outsider.actor, NOW, NOW - DAY, end, before=timedelta())
    assert [row.services for row in rows] == [("ledger",), ("shop",)]
    report = incident_report(crew.outsider.actor, NOW, NOW - DAY, end)
    assert (report.count, report.counts["sev1"], report.counts["shop"]) == (2, 1, 1)
    assert report.overall["resolve"].median == 15 * MINUTE
    assert (report.found_by_users, report.recurrence) == (0.5, 1.0)
    assert incident_report(crew.admin.actor, NOW, NOW - DAY, end).count == 3
    assert incident_report(crew.admin.actor, NOW, NOW - DAY, end, service="shop").count == 1
    assert incident_report(crew.admin.actor, NOW, NOW - DAY, end, severity="sev3").count == 1


def test_a_missed_time_of_the_standard_is_counted_by_its_rule(crew: Crew) -> None:
    declared(crew)
    obligations_advance(clock=lambda: NOW + 6 * MINUTE)
    missed = missed_clocks(NOW, NOW + DAY)
    assert [(one.rule, one.count) for one in missed] == [("acknowledge", 1)]


def test_page_csv_and_api_show_the_same(crew: Crew) -> None:
    incident = resolved(crew)
    client = Client()
    client.force_login(crew.outsider)
    query = "from=2026-03-01&to=2026-03-31"
    page = client.get(f"/reports/incidents/?{query}").content.decode()
    assert "1 incident declared" in page
    assert 'value="2026-03-01"' in page
    assert '<th scope="row">Ledger</th>' in page
    usual = client.get("/reports/incidents/").content.decode()
    assert 'name="to" value="20' in usual
    lines = client.get(f"/reports/incidents/export.csv?{query}").getvalue().decode("utf-8-sig")
    assert incident.key in lines
    api = client.get("/api/v1/reports/incidents/?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z").json()
    assert (api["count"], api["times"]["resolve"]["count"]) == (1, 1)
    assert (api["from"], api["to"]) == ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
    assert (api["start"], api["end"]) == (api["from"], api["to"])
    for wrong, words in (
        ("from=2020-01-01", "From must not be after To, and at most a year before it."),
        ("from=soon", "From: give a day such as 2026-03-31."),
        ("to=9999-12-31", "Give a day of the years 2000 to 2199."),
        ("from=2026-03-02&to=2026-03-01", "From must not be after To"),
        ("since=2026-03-01", "There is no filter “since” here."),
        ("service=nothing", "Select a valid choice"),
    ):
        answer = client.get(f"/reports/incidents/?{wrong}")
        assert (answer.status_code, words in answer.content.decode()) == (400, True), wrong
        assert client.get(f"/reports/incidents/export.csv?{wrong}").status_code == 400
    assert client.get("/api/v1/reports/incidents/?from=2026-03-01").status_code == 400
    assert client.get("/runbooks/coverage/").status_code == 200


def test_the_alert_rules_are_those_of_alerts_that_the_reader_sees(crew: Crew) -> None:
    integration, _ = make_integration()
    ingest(
        integration,
        arrival(1, labels={"alertname": "DiskFull"}),
        arrival(2, labels={"alertname": "PayrollProbed"}, category="security"),
    )
    start, end = NOW - DAY, NOW + DAY
    everything = ["DiskFull", "PayrollProbed"]
    for actor, names in ((crew.outsider.actor, ["DiskFull"]), (ROOT, everything)):
        for rules in (alert_rules, alert_rules_without_runbook):
            assert [one.name for one in rules(actor, NOW, start, end)] == names

"""Pages of alerts, integrations, routes and heartbeat checks."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from incidents.models import Alert, AlertRoute, HeartbeatCheck, Incident, Integration
from incidents.services.alerts.routing import alerts_route
from tests.alerting import ALERTMANAGER, OWN, arrival, encoded, ingest, make_integration
from tests.makers import NOW, make_user
from tests.reading import as_
from tests.response import make_crew

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def administrator() -> Client:
    return as_(make_user(staff=True))


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def shown_token(answer: Any) -> str:
    found = re.search(r'value="(op[ih]_[A-Za-z0-9]{28})"|heartbeats/(oph_[A-Za-z0-9]{28})/', text_of(answer))
    assert found
    assert answer["Cache-Control"] == "no-store"
    return found[1] or found[2]


def test_alerts_of_one_title_are_told_apart() -> None:
    integration, _ = make_integration()
    for number in (1, 2):
        ingest(integration, arrival(number, title="Disk full", labels={"instance": f"db-{number}"}))
    page = text_of(as_(make_user()).get("/alerts/"))
    assert "instance db-1;" in page
    assert "instance db-2;" in page


def test_an_alert_is_listed_and_shown_with_hostile_text_escaped() -> None:
    make_crew()
    integration, _ = make_integration()
    hostile = "<script>alert(1)</script>{{7*7}}{% now %}"
    ingest(
        integration,
        arrival(
            1,
            title=hostile,
            labels={"alertname": "A", "<b>x": hostile, "service": "ledger"},
            annotations={"summary": hostile},
        ),
    )
    alerts_route(clock=lambda: NOW)
    reader = as_(make_user())
    alert = Alert.objects.get()
    for path in ("/alerts/", f"/alerts/{alert.pk}/", "/services/ledger/"):
        page = text_of(reader.get(path))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "49" not in page.partition("{{7*7}}")[2][:20]
    assert Incident.objects.get().key in text_of(reader.get("/alerts/"))
    incident = text_of(reader.get(f"/incidents/{Incident.objects.get().key}/"))
    assert f'<a href="/alerts/{alert.pk}/">alert {alert.pk}</a>' in incident
    assert f'<a href="/alerts/{alert.pk}/">&lt;script&gt;' in incident
    assert "No alert fits" in text_of(reader.get("/alerts/?state=resolved"))
    assert reader.get("/alerts/?state=odd").status_code == 400
    assert reader.get("/alerts/999999/").status_code == 404


def test_an_alert_about_security_is_no_page_for_everybody() -> None:
    integration, _ = make_integration()
    ingest(integration, arrival(1, category="security", title="Somebody is in"))
    path = f"/alerts/{Alert.objects.get().pk}/"
    assert "Somebody is in" not in text_of(as_(make_user()).get("/alerts/"))
    assert as_(make_user()).get(path).status_code == 404
    assert "Somebody is in" in text_of(administrator().get(path))


def test_an_integration_is_made_tested_and_switched_off_by_page() -> None:
    client = administrator()
    typed = {
        "slug": "prometheus",
        "name": "Prometheus",
        "kind": "alertmanager",
        "severity": "sev3",
        "severity_table": "page = sev1",
        "group_by": "alertname, team",
    }
    token = shown_token(client.post("/integrations/", typed))
    one = Integration.objects.get()
    assert (one.severity_table, one.group_by) == ({"page": "sev1"}, ["alertname", "team"])
    sent = Client().post(
        f"/api/v1/alerts/alertmanager/{token}/", encoded(ALERTMANAGER), content_type="application/json"
    )
    assert sent.status_code == 202
    page = text_of(client.get("/integrations/prometheus/"))
    assert "THE-TOKEN" in page
    assert token not in page
    assert shown_token(client.post("/integrations/prometheus/token/")) != token
    for step in ("test", "test-over", "switch-off", "switch-on"):
        assert client.post(f"/integrations/prometheus/{step}/").status_code == 302
    assert Alert.objects.filter(fingerprint="opsportal-test", state="resolved").count() == 1
    assert client.post("/integrations/prometheus/", {**typed, "name": "Other"}).status_code == 302
    failed = client.post("/integrations/prometheus/", {**typed, "severity_table": "page: sev1"})
    assert failed.status_code == 400
    assert "Line 1" in failed.content.decode()
    assert Integration.objects.get().name == "Other"


def test_readers_see_integrations_and_change_nothing() -> None:
    make_integration()
    reader = as_(make_user())
    assert "Send a test alert" not in text_of(reader.get("/integrations/prometheus/"))
    for path in ("/integrations/prometheus/token/", "/integrations/prometheus/switch-off/"):
        assert reader.post(path).status_code == 403
    assert Client().get("/integrations/").status_code == 302


def test_a_heartbeat_check_is_made_pinged_and_paused() -> None:
    client = administrator()
    typed = {"slug": "backup", "name": "Backup", "every": "60", "grace": "30", "severity": "sev2"}
    token = shown_token(client.post("/heartbeats/", typed))
    for method in ("get", "post"):
        answer = getattr(Client(), method)(f"/api/v1/heartbeats/{token}/")
        assert (answer.status_code, answer.json()["state"]) == (200, "up")
    assert Client().get("/api/v1/heartbeats/oph_" + "0" * 28).status_code == 404
    assert "Backup" in text_of(client.get("/heartbeats/"))
    assert client.post("/heartbeats/backup/pause/").status_code == 302
    assert HeartbeatCheck.objects.get().state == "paused"
    assert client.post("/heartbeats/", {**typed, "every": "1"}).status_code == 400


def test_routes_are_made_ordered_and_previewed() -> None:
    client = administrator()
    for slug, matchers in {"disks": "alertname matches Disk*", "all": ""}.items():
        typed = {"slug": slug, "name": slug.title(), "matchers": matchers, "action": "incident"}
        assert client.post("/alert-routes/", typed).status_code == 302
    preview = {"labels": "alertname = DiskFull\nservice = ledger"}
    assert (
        "/alert-routes/disks/"
        in text_of(client.get("/alert-routes/", preview)).partition("op-facts")[2][:400]
    )
    answer = client.get("/alert-routes/", preview).content.decode().partition("op-facts")[2]
    assert "alerts with the same alertname" in answer
    assert "SEV3" in answer
    for raw in ("alerts:", "fingerprint", ">sev3"):
        assert raw not in answer[:900]
    bad_lines = client.get("/alert-routes/", {"labels": "alertname = A\nno sign\n= 1\nalertname=B"})
    said = unescape(bad_lines.content.decode())
    assert bad_lines.status_code == 400
    assert "Line 2: “no sign” has no equals sign. Write name = value." in said
    assert "Line 3: there is no name" in said
    assert "Line 4: the label “alertname” stands in an earlier line already." in said
    assert client.post("/alert-routes/all/move/up/").status_code == 302
    assert list(AlertRoute.objects.values_list("slug", flat=True)) == ["all", "disks"]
    bad = {"slug": "x", "name": "X", "matchers": "alertname ~ x", "action": "incident"}
    assert client.post("/alert-routes/", bad).status_code == 400
    assert client.post("/alert-routes/all/retire/").status_code == 302
    page = text_of(client.get("/alert-routes/disks/"))
    assert "alertname matches Disk*" in page
    assert as_(make_user()).post("/alert-routes/", bad | {"matchers": ""}).status_code == 403


def test_the_own_format_shows_its_description() -> None:
    integration, token = make_integration("mine", "own")
    Client().post(f"/api/v1/alerts/{token}/", encoded(OWN), content_type="application/json")
    page = text_of(as_(make_user()).get(f"/alerts/{Alert.objects.get().pk}/"))
    assert "No space left." in page
    assert "https://logs.example/1" in page
    assert integration.name in page

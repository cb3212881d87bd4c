"""Alerts are stored once for each occurrence, in a bounded number of statements."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.ingest import pagerduty
from incidents.models import Alert, AlertMessage, ChangeReport
from incidents.services.alerts.ingesting import alerts_ingest, change_report_ingest, event_ingest
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden
from tests.alerting import CHANGE_EVENT, PAGERDUTY, arrival, encoded, having, ingest, make_integration
from tests.makers import NOW, ROOT, make_service
from tests.untouched import refused

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def rows(**filters: Any) -> list[tuple[str, str, int, bool]]:
    found = Alert.objects.filter(**filters).order_by("id")
    return [(one.fingerprint[-1:], one.state, one.count, one.is_latest) for one in found]


def test_a_new_alert_waits_for_its_route() -> None:
    integration, _ = make_integration(severity_table={"page": "sev1"}, severity="sev3")
    assert ingest(integration, arrival(1), arrival(2, severity="page"), arrival(3, severity="?")).new == 3
    alert = Alert.objects.order_by("id")[0]
    assert (alert.handling, alert.due_at, alert.count) == ("waiting", NOW, 1)
    assert list(Alert.objects.order_by("id").values_list("severity", flat=True)) == ["sev1", "sev1", "sev3"]
    message = AlertMessage.objects.get()
    assert (message.alerts, message.sha256) == (3, hashlib.sha256(b"{}").hexdigest())


def test_whatever_comes_twice_is_counted_and_nothing_else() -> None:
    integration, _ = make_integration()
    ingest(integration, arrival(1), arrival(1))
    assert ingest(integration, arrival(1), arrival(1), now=LATER).repeated == 2
    assert rows() == [("1", "firing", 4, True)]
    alert = Alert.objects.get()
    assert (alert.received_at, alert.last_received_at, alert.due_at) == (NOW, LATER, NOW)


def test_the_end_is_told_once_and_a_new_beginning_is_a_new_occurrence() -> None:
    integration, _ = make_integration()
    ingest(integration, arrival(1))
    over = arrival(1, "resolved", ends_at=LATER)
    assert ingest(integration, over, now=LATER).resolved == 1
    assert ingest(integration, over, now=LATER).repeated == 1
    # One that was late on its way opens nothing.
    assert ingest(integration, arrival(1), now=LATER).repeated == 1
    assert ingest(integration, arrival(1, starts_at=LATER), now=LATER).new == 1
    assert rows() == [("1", "resolved", 4, False), ("1", "firing", 1, True)]


def test_an_occurrence_whose_end_was_lost_ends_where_the_next_begins() -> None:
    integration, _ = make_integration()
    ingest(integration, arrival(1))
    ingest(integration, arrival(1, starts_at=LATER), now=LATER)
    first, second = Alert.objects.order_by("id")
    assert (first.state, first.ends_at, first.is_latest) == ("resolved", LATER, False)
    assert (second.state, second.is_latest) == ("firing", True)


def test_one_message_may_tell_of_a_whole_life() -> None:
    integration, _ = make_integration()
    stored = ingest(
        integration,
        arrival(1),
        arrival(1, "resolved", ends_at=LATER),
        arrival(1, starts_at=LATER),
        arrival(2),
    )
    assert (stored.new, stored.resolved) == (3, 1)
    assert sorted(rows()) == [("1", "firing", 1, True), ("1", "resolved", 1, False), ("2", "firing", 1, True)]
    assert Alert.objects.get(state="resolved").handling == "kept"


def test_an_end_that_was_never_seen_firing_is_a_fact_and_nobody_is_told() -> None:
    integration, _ = make_integration()
    stored = ingest(integration, arrival(1, "resolved", ends_at=LATER), now=LATER)
    alert = Alert.objects.get()
    assert (stored.resolved, alert.state, alert.handling, alert.due_at) == (1, "resolved", "kept", None)


def test_an_alert_that_is_missing_from_a_list_fires_on() -> None:
    integration, _ = make_integration()
    ingest(integration, arrival(1), arrival(2))
    ingest(integration, arrival(1, "resolved", ends_at=LATER), now=LATER)
    assert rows(state="firing") == [("2", "firing", 1, True)]


def test_two_integrations_may_have_the_same_fingerprint() -> None:
    ingest(make_integration()[0], arrival(1))
    assert ingest(make_integration("other")[0], arrival(1)).new == 1


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_many_alerts_take_as_many_statements_as_few(status: Any) -> None:
    integration, _ = make_integration()
    few, many = [arrival(n) for n in range(10, 12)], [arrival(n) for n in range(100, 500)]
    if status == "resolved":
        ingest(integration, *few, *many)
    counts = []
    for alerts in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ingest(integration, *(arrival(int(a.fingerprint, 16), status, ends_at=LATER) for a in alerts))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_the_usual_messages_take_few_statements() -> None:
    integration, _ = make_integration()
    for alert, most in (
        (arrival(1), 5),
        (arrival(1), 5),
        (arrival(1, "resolved", ends_at=LATER), 5),
    ):
        with CaptureQueriesContext(connection) as queries:
            ingest(integration, alert, now=LATER)
        assert len(queries) <= most


def test_a_person_is_no_sender() -> None:
    integration, _ = make_integration()
    with refused(Forbidden):
        alerts_ingest(actor=Actor.user("x"), now=NOW, integration=integration, parsed=None)  # type: ignore[arg-type]


def send(integration: Any, action: str, key: str | None = "k", now: Any = NOW) -> str:
    event = pagerduty.parse_event(encoded({**PAGERDUTY, "event_action": action, "dedup_key": key}))
    return event_ingest(actor=ROOT, now=now, integration=integration, event=event, body=b"{}")[0]


def test_events_of_pagerduty_keep_its_meaning_of_their_key() -> None:
    integration, _ = make_integration("pd", "pagerduty")
    assert send(integration, "resolve") == send(integration, "acknowledge") == "k"
    assert rows() == []
    send(integration, "trigger")
    send(integration, "trigger", now=LATER)
    send(integration, "acknowledge", now=LATER)
    assert rows() == [("k", "firing", 3, True)]
    assert Alert.objects.get().acknowledged_at == LATER
    send(integration, "resolve", now=LATER)
    for late in ("acknowledge", "resolve"):
        send(integration, late, now=LATER)
    assert rows() == [("k", "resolved", 4, True)]
    send(integration, "trigger", now=LATER)
    assert rows() == [("k", "resolved", 4, False), ("k", "firing", 1, True)]
    assert AlertMessage.objects.count() == 9


def test_a_trigger_without_a_key_gets_one() -> None:
    integration, _ = make_integration("pd", "pagerduty")
    one, other = (send(integration, "trigger", None) for _ in range(2))
    assert one != other
    assert len(rows()) == 2


def test_a_change_event_is_a_fact_of_its_service() -> None:
    service = make_service("payments-api")
    integration, _ = make_integration("pd", "pagerduty")
    document = having(CHANGE_EVENT, {"service": "payments-api"}, "payload", "custom_details")
    change = pagerduty.parse_change(encoded(document))
    change_report_ingest(actor=ROOT, now=NOW, integration=integration, change=change, body=b"{}")
    report = ChangeReport.objects.get()
    assert (report.service, report.summary) == (service, "Build 42 was deployed")

"""PagerDuty's events, whole and with one field missing or wrong, and what it is answered."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.ingest import pagerduty
from incidents.ingest.pagerduty import EventError, parse_change, parse_event
from tests.alerting import CHANGE_EVENT, PAGERDUTY, ROUTING_KEY, encoded, having, without
from tests.pure.test_ingest_webhooks import BROKEN, JSONS


def errors(document: object) -> list[str]:
    with pytest.raises(EventError) as caught:
        parse_event(encoded(document))
    assert caught.value.answer["status"] in {"invalid event", "Unrecognized object"}
    return list(caught.value.errors)


def test_a_trigger_is_read() -> None:
    event = parse_event(encoded(PAGERDUTY))
    alert = event.alert
    assert (event.routing_key, alert.fingerprint, alert.status) == (ROUTING_KEY, "db-1/disk", "firing")
    assert (alert.title, alert.severity, alert.service) == (
        "The disk of db-1 is full",
        "critical",
        "payments-api",
    )
    assert alert.annotations["used"] == "1.0"
    assert alert.annotations["timestamp"] == "2026-03-02T09:29:00.000+0000"
    assert [link.text for link in alert.links] == ["The graph", "Graph", "Monitor"]
    assert not alert.keeps_unseen_end


@pytest.mark.parametrize(("action", "status"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
def test_the_others_need_only_their_key(action: str, status: str) -> None:
    short = {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": "a"}
    assert parse_event(encoded(short)).alert.status == status
    # Alertmanager repeats the whole payload.
    assert parse_event(encoded({**PAGERDUTY, "event_action": action})).alert.status == status
    assert parse_event(encoded({**short, "payload": {"summary": 7}})).alert.status == status
    assert errors(without(short, "dedup_key")) == ["'dedup_key' is missing or blank"]


def test_a_trigger_without_a_key_leaves_it_to_the_portal() -> None:
    assert parse_event(encoded(without(PAGERDUTY, "dedup_key"))).alert.fingerprint == ""


@pytest.mark.parametrize("name", ["client", "client_url", "links", "images"])
@pytest.mark.parametrize("odd", [None, 7, [7], "absent"])
def test_what_is_optional_may_be_missing_or_odd(name: str, odd: Any) -> None:
    document = without(PAGERDUTY, name) if odd == "absent" else having(PAGERDUTY, odd, name)
    assert parse_event(encoded(document)).alert.title == "The disk of db-1 is full"


@pytest.mark.parametrize("details", [{}, "text", ["a"], {"nested": {"a": [1]}}, None])
def test_details_may_be_anything_that_clients_send(details: Any) -> None:
    assert parse_event(encoded(having(PAGERDUTY, details, "payload", "custom_details"))).alert.title


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("routing_key",), None, "'routing_key' is missing or blank"),
        (("routing_key",), "short", "Length of 'routing_key' is incorrect (should be 32 characters)"),
        (("routing_key",), 7, "Length of 'routing_key' is incorrect (should be 32 characters)"),
        (("event_action",), None, "'event_action' is missing or blank"),
        (("event_action",), "snooze", "'event_action' must be one of: trigger, acknowledge, resolve"),
        (("event_action",), ["trigger"], "'event_action' must be one of: trigger, acknowledge, resolve"),
        (("dedup_key",), 7, "'dedup_key' must be text"),
        (("dedup_key",), "k" * 256, "Length of 'dedup_key' is incorrect (should be at most 255 characters)"),
        (("payload",), None, "'payload' is missing or blank"),
        (("payload",), "text", "'payload' must be an object"),
        (("payload", "summary"), None, "'payload.summary' is missing or blank"),
        (("payload", "summary"), "  ", "'payload.summary' is missing or blank"),
        (
            ("payload", "summary"),
            "s" * 1025,
            "Length of 'payload.summary' is incorrect (should be at most 1024 characters)",
        ),
        (("payload", "summary"), "\x00", "'payload.summary' contains a NUL character"),
        (("payload", "source"), None, "'payload.source' is missing or blank"),
        (("payload", "severity"), None, "'payload.severity' is missing or blank"),
        (
            ("payload", "severity"),
            "fatal",
            "'payload.severity' must be one of: critical, error, warning, info",
        ),
        (("payload", "timestamp"), 7, "'payload.timestamp' must be text"),
        (("payload", "component"), 7, "'payload.component' must be text"),
        (("payload", "custom_details"), 7, "'payload.custom_details' must be an object"),
    ],
)
def test_a_bad_event_is_told_what_is_wrong(path: tuple[str, ...], value: Any, expected: str) -> None:
    assert errors(having(PAGERDUTY, value, *path)) == [expected]


def test_everything_wrong_is_told_at_once() -> None:
    assert len(errors({"event_action": "trigger", "payload": {}})) == 4


@pytest.mark.parametrize("body", [one for one in BROKEN if b"version" not in one])
def test_what_is_not_json_is_unrecognized(body: bytes) -> None:
    with pytest.raises(EventError) as caught:
        parse_event(body)
    assert caught.value.answer["status"] in {"Unrecognized object"}
    assert caught.value.answer["errors"] in (["JSON parse error"], ["The event is not a JSON object"])


def test_a_change_event_is_read() -> None:
    change = parse_change(encoded(CHANGE_EVENT))
    assert (change.summary, change.source) == ("Build 42 was deployed", "ci")
    assert change.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert change.details == {"build": "42"}
    assert [link.href for link in change.links] == ["https://ci.example/42"]
    bare = {"routing_key": ROUTING_KEY, "payload": {"summary": "x"}}
    assert parse_change(encoded(bare)).at is None
    with pytest.raises(EventError):
        parse_change(encoded(without(CHANGE_EVENT, "payload", "summary")))


def test_the_answers_are_as_documented() -> None:
    assert pagerduty.processed("k") == {"status": "success", "message": "Event processed", "dedup_key": "k"}


@given(
    changed=st.dictionaries(st.sampled_from(list(PAGERDUTY)), JSONS, max_size=3),
    payload=st.dictionaries(st.sampled_from(list(PAGERDUTY["payload"])), JSONS, max_size=3),
)
def test_whatever_is_sent_is_read_or_refused(changed: dict[str, Any], payload: dict[str, Any]) -> None:
    document = {**PAGERDUTY, "payload": {**PAGERDUTY["payload"], **payload}, **changed}
    for parse in (parse_event, parse_change):
        with suppress(EventError):
            parse(encoded(document))

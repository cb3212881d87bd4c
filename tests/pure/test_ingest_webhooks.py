"""What Alertmanager, Prometheus and Grafana post, whole and with one field missing or wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.ingest import own, webhooks
from incidents.ingest.arrived import Arrived, Parsed, fingerprint_of
from opsportal.core.errors import InvalidInput
from tests.alerting import ALERTMANAGER, GRAFANA, OWN, PANEL, POSTED, encoded, having, without

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def read(document: object) -> Parsed:
    return webhooks.parse(encoded(document), NOW)


def problems(document: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read(document)
    return [(error.pointer, error.code) for error in caught.value.errors]


def test_a_message_of_alertmanager_is_read() -> None:
    parsed = read(ALERTMANAGER)
    first, second = parsed.alerts
    assert (parsed.format, parsed.group, parsed.bad) == ("alertmanager", '{}:{alertname="DiskFull"}', ())
    assert first == Arrived(
        fingerprint="7c3e9d1a5b2f4860",
        status="firing",
        title="The disk of db-1 is full",
        starts_at=datetime(2026, 3, 2, 9, 29, 0, 123456, tzinfo=UTC),
        labels=ALERTMANAGER["alerts"][0]["labels"],
        annotations=ALERTMANAGER["alerts"][0]["annotations"],
        links=first.links,
        severity="critical",
    )
    assert [link.text for link in first.links] == ["Source", "Runbook", "Alertmanager"]
    assert first.service == "payments-api"
    assert (second.status, second.ends_at) == ("resolved", datetime(2026, 3, 2, 9, 20, tzinfo=UTC))
    assert second.title == "DiskFull"


def test_a_message_of_grafana_is_told_by_version_and_organisation() -> None:
    parsed = read(GRAFANA)
    assert parsed.format == "grafana"
    assert parsed.alerts[0].annotations["values"] == "[ var='A' value=99.5 ]"
    assert [link.text for link in parsed.alerts[0].links] == [
        "Source",
        "Panel",
        "Silence",
        "Picture",
        "Grafana",
    ]
    assert b"embeddedImage" not in parsed.body
    assert json.loads(parsed.body)["alerts"][0]["enrichments"] == {"any": ["thing"]}


def test_a_panel_alert_of_old_is_read() -> None:
    (alert,) = read(PANEL).alerts
    assert (alert.fingerprint, alert.status, alert.severity) == ("panel:1:7", "firing", "critical")
    assert read(having(PANEL, "ok", "state")).alerts[0].status == "resolved"
    assert read(having(PANEL, "no_data", "state")).alerts[0].status == "firing"
    assert read(having(PANEL, "pending", "state")).alerts == ()
    assert problems(having(PANEL, "on fire", "state")) == [("/state", "unknown")]
    assert problems(without(PANEL, "ruleId")) == [("/ruleId", "required")]


def test_an_array_of_prometheus_is_read() -> None:
    (alert,) = read(POSTED).alerts
    assert (alert.status, alert.ends_at) == ("firing", None)
    assert alert.fingerprint == fingerprint_of(POSTED[0]["labels"])
    assert read([without(POSTED[0], "endsAt")]).alerts[0].status == "firing"
    assert read([having(POSTED[0], "2026-03-02T09:29:30Z", "endsAt")]).alerts[0].status == "resolved"
    assert problems([without(POSTED[0], "labels")]) == [("/0/labels", "required")]


def test_a_missing_fingerprint_is_computed_as_alertmanager_does() -> None:
    # FNV-1a of "alertname\\xffX\\xff", as prometheus/common writes a label set down.
    assert fingerprint_of({}) == "cbf29ce484222325"
    labels = ALERTMANAGER["alerts"][0]["labels"]
    parsed = read(without(ALERTMANAGER, "alerts", 0, "fingerprint"))
    assert parsed.alerts[0].fingerprint == fingerprint_of(dict(reversed(labels.items())))
    assert read(having(ALERTMANAGER, "", "alerts", 0, "fingerprint")).alerts[0].fingerprint == fingerprint_of(
        labels
    )


IGNORED = [
    "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels", "commonAnnotations",
    "externalURL", "notification_reason", "routeLabels",
]  # fmt: skip


@pytest.mark.parametrize("name", IGNORED)
@pytest.mark.parametrize("wrong", [None, 7, [], {}, "absent"])
def test_what_stands_around_the_alerts_may_be_missing_or_odd(name: str, wrong: Any) -> None:
    document = without(ALERTMANAGER, name) if wrong == "absent" else having(ALERTMANAGER, wrong, name)
    assert len(read(document).alerts) == 2


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (without(ALERTMANAGER, "version"), [("/version", "unknown_version")]),
        (having(ALERTMANAGER, "5", "version"), [("/version", "unknown_version")]),
        (having(ALERTMANAGER, 4, "version"), [("/version", "unknown_version")]),
        (having(GRAFANA, "2", "version"), [("/version", "unknown_version")]),
        (without(ALERTMANAGER, "alerts"), [("/alerts", "not_a_list")]),
        (having(ALERTMANAGER, {}, "alerts"), [("/alerts", "not_a_list")]),
        (having(ALERTMANAGER, [7], "alerts"), [("/alerts/0", "not_an_object")]),
        ("text", [("", "not_an_object")]),
        (7, [("", "not_an_object")]),
        (None, [("", "not_an_object")]),
    ],
)
def test_what_is_no_message_is_refused(document: object, expected: list[tuple[str, str]]) -> None:
    assert problems(document) == expected


@pytest.mark.parametrize(
    ("name", "wrong", "pointer", "code"),
    [
        ("status", "absent", "/status", "unknown"),
        ("status", "on fire", "/status", "unknown"),
        ("status", ["firing"], "/status", "unknown"),
        ("labels", 7, "/labels", "not_an_object"),
        ("labels", {"a": 7}, "/labels/a", "not_text"),
        ("labels", {"a/b~": None, "c": {}}, "/labels/c", "not_text"),
        ("labels", {"": "x"}, "/labels/", "name"),
        ("labels", {"x" * 1_000_000: "x"}, "/labels/" + "x" * 60, "name"),
        ("annotations", "text", "/annotations", "not_an_object"),
        ("annotations", {"a": []}, "/annotations/a", "not_text"),
        ("startsAt", 1700000000, "/startsAt", "not_a_time"),
        ("startsAt", "yesterday", "/startsAt", "not_a_time"),
        ("startsAt", "2026-03-02T09:29:00", "/startsAt", "no_zone"),
        ("startsAt", "9999-12-31T23:59:59-12:00", "/startsAt", "out_of_range"),
        ("endsAt", {}, "/endsAt", "not_a_time"),
        ("fingerprint", 7, "/fingerprint", "not_text"),
        ("fingerprint", "f" * 256, "/fingerprint", "too_long"),
    ],
)
def test_a_bad_alert_is_reported_and_the_good_one_kept(
    name: str, wrong: Any, pointer: str, code: str
) -> None:
    document = (
        without(ALERTMANAGER, "alerts", 1, name)
        if wrong == "absent"
        else having(ALERTMANAGER, wrong, "alerts", 1, name)
    )
    parsed = read(document)
    assert [alert.fingerprint for alert in parsed.alerts] == ["7c3e9d1a5b2f4860"]
    assert [(error.pointer, error.code) for error in parsed.bad] == [(f"/alerts/1{pointer}", code)]


@pytest.mark.parametrize(
    "name", ["labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"]
)
def test_an_alert_may_leave_out_all_but_its_status(name: str) -> None:
    assert len(read(without(ALERTMANAGER, "alerts", 0, name)).alerts) == 2


@pytest.mark.parametrize("name", [name for name in GRAFANA["alerts"][0] if name != "status"])
@pytest.mark.parametrize("odd", ["absent", None])
def test_an_alert_of_grafana_may_leave_out_all_but_its_status(name: str, odd: str | None) -> None:
    document = without(GRAFANA, "alerts", 0, name) if odd else having(GRAFANA, None, "alerts", 0, name)
    assert len(read(document).alerts) == 1


def test_only_addresses_become_links_and_titles_show_what_they_say() -> None:
    hostile = {
        **ALERTMANAGER["alerts"][0],
        "generatorURL": "javascript:alert(1)",
        "annotations": {"summary": "{{7*7}}\r\n\x1b[31m<b>\u202egnp.exe", "runbook_url": "data:text/html,x"},
    }
    (alert,) = read({"version": "4", "alerts": [hostile]}).alerts
    assert alert.links == ()
    assert alert.title == "{{7*7}} [31m<b> gnp.exe"


def test_an_end_that_was_truncated_away_is_no_end() -> None:
    parsed = read(having(having(ALERTMANAGER, 3, "truncatedAlerts"), ALERTMANAGER["alerts"][:1], "alerts"))
    assert (len(parsed.alerts), parsed.truncated) == (1, 3)


BROKEN = [
    b"", b"{", b"nope", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1e400}',
    b"[" * 100_000, b'{"a":' * 100_000,
    b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), b'{"a": "\xff"}', b'{"a": "\\ud800"}', b"1" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN)
def test_what_is_not_strict_json_is_bad_input(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        webhooks.parse(body, NOW)
    with pytest.raises(InvalidInput):
        own.parse(body)


def test_the_last_of_doubled_keys_counts() -> None:
    doubled = b'{"status": "resolved", "status": "firing", "labels": {"a": "1", "a": "2"}}'
    body = b'{"version": "1", "version": "4", "alerts": [' + doubled + b"]}"
    (alert,) = webhooks.parse(body, NOW).alerts
    assert (alert.status, alert.labels) == ("firing", {"a": "2"})


def own_problems(document: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        own.parse(encoded(document))
    return [(error.pointer, error.code) for error in caught.value.errors]


def test_the_own_format_takes_one_many_and_a_list() -> None:
    alert = own.parse(encoded(OWN)).alerts[0]
    assert (alert.fingerprint, alert.title, alert.severity) == ("backup-db-1", OWN["title"], "critical")
    assert own.parse(encoded([OWN])).alerts == own.parse(encoded({"alerts": [OWN]})).alerts == (alert,)
    assert own.parse(encoded({"key": "x", "status": "resolved"})).alerts[0].status == "resolved"
    assert own.parse(encoded({"title": "x", "service": "a"})).alerts[0].service == "a"
    assert own.parse(encoded({"title": "x", "category": "security"})).alerts[0].category == "security"
    assert own.parse(encoded({"title": "x", "labels": {"security": "true"}})).alerts[0].category == "security"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (without(OWN, "title"), [("/title", "required")]),
        ({}, [("/title", "required")]),
        ({"status": "resolved"}, [("/title", "required")]),
        ({**OWN, "title": 7}, [("/title", "not_text")]),
        ({**OWN, "key": 7}, [("/key", "not_text")]),
        ({**OWN, "titel": "x"}, [("/titel", "unknown")]),
        ({**OWN, "status": "open"}, [("/status", "unknown")]),
        ({**OWN, "severity": 1}, [("/severity", "not_text")]),
        ({**OWN, "category": "fun"}, [("/category", "unknown")]),
        ({**OWN, "category": []}, [("/category", "unknown")]),
        ({**OWN, "links": "x"}, [("/links", "not_a_list")]),
        ({**OWN, "links": [{"href": "javascript:x"}]}, [("/links/0/href", "not_an_address")]),
        ({**OWN, "starts_at": "2026-03-02T09:00:00"}, [("/starts_at", "no_zone")]),
        ({**OWN, "ends_at": "2026-03-02T08:00:00Z"}, [("/ends_at", "before_start")]),
        ({"alerts": [OWN], "more": 1}, [("/more", "unknown")]),
        ({"alerts": [{}, 7]}, [("/alerts/0/title", "required"), ("/alerts/1", "not_an_object")]),
    ],
)
def test_a_bad_alert_in_the_own_format_is_refused(document: object, expected: list[tuple[str, str]]) -> None:
    assert own_problems(document) == expected


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    base=st.sampled_from([ALERTMANAGER, GRAFANA, PANEL, {"alerts": [OWN]}]),
    changed=st.dictionaries(st.sampled_from([*GRAFANA, *PANEL]), JSONS, max_size=4),
    member=st.dictionaries(st.sampled_from([*GRAFANA["alerts"][0], *OWN]), JSONS, max_size=4),
)
def test_whatever_is_posted_is_read_or_refused(
    base: dict[str, Any], changed: dict[str, Any], member: dict[str, Any]
) -> None:
    alerts = [{**alert, **member} for alert in base.get("alerts", [])]
    document = {**base, **({"alerts": alerts} if alerts else {}), **changed}
    for parse in (lambda body: webhooks.parse(body, NOW), own.parse):
        with suppress(InvalidInput):
            for alert in parse(encoded(document)).alerts:
                assert alert.fingerprint
                assert alert.title
                assert "\x00" not in alert.title


def test_an_alert_is_kept_without_its_nul_characters() -> None:
    labels = {"severity": "critical", "a/b": "db\x001", "n\x00": "\t\x1b é"}
    parsed = read(having(ALERTMANAGER, labels, "alerts", 0, "labels"))
    assert dict(parsed.alerts[0].labels) == {
        "severity": "critical",
        "a/b": "db\ufffd1",
        "n\ufffd": "\t\x1b é",
    }
    assert parsed.bad == ()
    assert parsed.changed == ("/alerts/0/labels/a~1b", "/alerts/0/labels/n\ufffd")
    mine = own.parse(encoded({**OWN, "title": "Disk\x00"}))
    assert (mine.alerts[0].title, mine.changed) == ("Disk\ufffd", ("/title",))
    assert read(ALERTMANAGER).changed == ()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in (lambda given: webhooks.parse(given, NOW), own.parse):
        with suppress(InvalidInput):
            parse(body)

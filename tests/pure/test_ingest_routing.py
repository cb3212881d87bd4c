"""Which route an alert takes, and what it is grouped by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from incidents.ingest.routing import Matcher, Route, Seen, fits, group_key, way_of

SEEN = Seen(
    labels={"alertname": "DiskFull", "instance": "db-1", "service": "payments-api", "team": "Storage"},
    integration="prometheus",
    fingerprint="f1",
    title="The disk is full",
    severity="sev2",
    severity_word="high",
    category="operational",
    service="payments-api",
)


def route(*matchers: tuple[str, str, str], **more: Any) -> Route:
    return Route(1, 1, more.pop("slug", "r"), tuple(Matcher(*one) for one in matchers), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "op", "value", "expected"),
    [
        ("alertname", "is", "DiskFull", True),
        ("alertname", "is", "diskfull", False),
        ("alertname", "is_not", "DiskFull", False),
        ("absent", "is_not", "x", True),
        ("absent", "is", "", True),
        ("alertname", "matches", "Disk*", True),
        ("alertname", "matches", "*full", False),
        ("alertname", "matches_not", "Disk?ull", False),
        ("alertname", "matches", "a" * 50 + "*" * 50 + "b", False),
        ("team", "is_set", "", True),
        ("absent", "is_set", "", False),
        ("absent", "is_not_set", "", True),
        ("alert.integration", "is", "prometheus", True),
        ("alert.severity", "is", "sev2", True),
        ("alert.title", "matches", "*disk*", True),
        ("alert.service", "is", "payments-api", True),
        ("alert.category", "is", "security", False),
        ("alert.unknown", "is_set", "", False),
    ],
)
def test_a_matcher_holds_or_not(label: str, op: str, value: str, expected: bool) -> None:
    assert fits(route((label, op, value)), SEEN) is expected


def test_all_matchers_must_hold_and_the_first_route_that_fits_is_taken() -> None:
    both = route(("alertname", "is", "DiskFull"), ("instance", "is", "db-2"), slug="both")
    all_of_them = route(slug="all", severity="sev4", policy="night")
    way = way_of(SEEN, [both, all_of_them])
    assert (way.route, way.severity, way.policy) == (all_of_them, "sev4", "night")
    usual = way_of(SEEN, [both])
    assert (usual.route, usual.severity, usual.keeps, usual.suppresses) == (None, "sev2", False, False)


def test_a_watchdog_is_kept_unless_a_route_wants_it() -> None:
    watchdog = replace(SEEN, severity_word="None", severity="sev4")
    assert way_of(watchdog, []).keeps
    assert not way_of(watchdog, [route()]).keeps
    assert way_of(SEEN, [route(keeps=True)]).keeps


def test_security_is_restricted_and_never_suppressed() -> None:
    breach = replace(SEEN, category="security", severity_word="none")
    way = way_of(breach, [])
    assert (way.restricted, way.policy, way.keeps, way.suppresses) == (True, "security", False, False)
    routed = way_of(breach, [route(policy="soc", suppresses=True, restricted=False)])
    assert (routed.restricted, routed.policy, routed.suppresses) == (True, "soc", False)
    assert way_of(breach, []).group_key != way_of(SEEN, []).group_key


def key(seen: Seen = SEEN, by: Route | None = None) -> str:
    return group_key(seen, by, seen.service)


def test_alerts_of_one_cause_belong_together() -> None:
    other = replace(SEEN, labels={**SEEN.labels, "instance": "db-2"}, fingerprint="f2")
    assert key() == key(other) == "alerts:prometheus:alertname=DiskFull,service=payments-api"
    assert key(replace(SEEN, labels={**SEEN.labels, "alertname": "Down"})) != key()
    assert key(replace(SEEN, group_by=("instance",))) != key(replace(other, group_by=("instance",)))
    assert key(replace(SEEN, labels={})) == "alerts:prometheus:fingerprint=f1"
    # A route that groups does so across integrations.
    team = route(group_by=("team",))
    assert key(SEEN, team) == key(replace(SEEN, integration="other"), team) == "alerts:route:r:team=Storage"
    long = replace(SEEN, group_by=("instance",), labels={"instance": "x" * 5_000})
    assert len(key(long)) < 200
    assert key(long) != key(replace(long, labels={"instance": "x" * 5_001}))

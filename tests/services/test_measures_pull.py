"""Asking Prometheus servers: what is taken of an answer, and what becomes of a bad one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from compliance.measuring.prometheus import MOST_STEPS, span_to_ask
from compliance.models import Measurement, PullSource
from compliance.services.measures.pulling import sources_pull
from compliance.services.measures.sources import source_create, source_edit, source_move
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, Stale
from tests.makers import NOW, make_service, make_user
from tests.measuring import measured_under
from tests.receivers import Receiver, receiver
from tests.untouched import refused

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def admin() -> Actor:
    measured_under()
    make_service("payments-api")
    return make_user(staff=True).actor


def make(admin: Actor, url: str = "http://prometheus.example:9090", **more: Any) -> PullSource:
    fields = {
        "slug": "prometheus",
        "title": "Our Prometheus",
        "base_url": url,
        "query": "avg_over_time(up[5m])",
        "figure": "availability",
        "unit": "share",
        "service_label": "service",
        "step": 60,
        **more,
    }
    return source_create(actor=admin, now=NOW, fields=fields)


def matrix(*series: tuple[dict[str, str], list[tuple[float, str]]]) -> dict[str, Any]:
    result = [{"metric": labels, "values": [list(pair) for pair in pairs]} for labels, pairs in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def test_points_of_known_services_are_kept_once_in_the_unit_of_the_figure(
    admin: Actor, receiver: Receiver
) -> None:
    source = make(admin, receiver.url, token="s3cret")
    at = NOW.timestamp()
    receiver.answer = matrix(
        (
            {"service": "payments-api"},
            [(at, "0.995"), (at, "0.1"), (at + 9e6, "1"), (at, "NaN"), (at, "1.5")],
        ),
        ({"service": "nobody"}, [(at, "1")]),
    )
    assert sources_pull(clock=lambda: NOW) == 1
    kept = Measurement.objects.select_related("series").get()
    assert kept.value == pytest.approx(99.5)
    assert (kept.at, kept.series.source) == (NOW, "pull:prometheus")
    call = receiver.calls[0]
    assert call.path.startswith("/api/v1/query_range?query=avg_over_time")
    assert call.headers["authorization"] == "Bearer s3cret"
    source.refresh_from_db()
    assert (source.fetched_until, source.next_at) == (NOW, NOW + timedelta(minutes=1))
    assert (source.points, source.failures) == (1, 0)
    assert source.error.startswith("5 points could not be kept")
    assert "s3cret" not in source.token
    # It is not asked again before its time; then it is asked for what is missing alone.
    assert sources_pull(clock=lambda: NOW + timedelta(seconds=30)) == 0
    sources_pull(clock=lambda: LATER)
    assert f"start={NOW.timestamp() + 60:.0f}&end={LATER.timestamp():.0f}" in receiver.calls[1].path


BAD: list[tuple[int, Any, str]] = [
    (500, {}, "the server answered with HTTP 500"),
    (302, {}, "the server answered with HTTP 302"),
    (
        400,
        {"status": "error", "errorType": "bad_data", "error": "<script>"},
        "the server answered with bad_data",
    ),
    (
        200,
        {"status": "success", "data": {"resultType": "vector", "result": []}},
        "the answer is not a matrix",
    ),
    (200, matrix(({}, [("soon", "1")])), "a point of the answer cannot be read"),  # type: ignore[list-item]
    (200, ["x"], "the answer is not that of a Prometheus server"),
]


@pytest.mark.parametrize(("status", "answer", "error"), BAD)
def test_a_bad_answer_is_told_in_our_own_words_and_tried_again_later(
    admin: Actor, receiver: Receiver, status: int, answer: Any, error: str
) -> None:
    source = make(admin, receiver.url)
    receiver.status, receiver.answer = status, answer
    sources_pull(clock=lambda: NOW)
    source.refresh_from_db()
    assert (source.error, source.failures, source.fetched_until) == (error, 1, None)
    assert source.next_at == NOW + timedelta(minutes=1)
    sources_pull(clock=lambda: NOW + timedelta(minutes=1))
    source.refresh_from_db()
    assert (source.failures, source.next_at) == (2, NOW + timedelta(minutes=3))
    assert not Measurement.objects.exists()


def test_an_address_inside_is_not_called(admin: Actor, receiver: Receiver, settings: Any) -> None:
    settings.OUTBOUND_NETWORKS = ()
    source = make(admin, receiver.url)
    sources_pull(clock=lambda: NOW)
    source.refresh_from_db()
    assert "address_not_allowed" in source.error
    assert receiver.calls == []


def test_an_outage_is_made_up_for_in_turns() -> None:
    minute, week = timedelta(minutes=1), timedelta(days=7)
    assert span_to_ask(None, NOW, minute, week) == (NOW, NOW)
    assert span_to_ask(NOW, NOW + timedelta(seconds=59), minute, week) is None
    first = span_to_ask(NOW - timedelta(days=30), NOW, minute, week)
    assert first is not None
    assert first[0] == NOW - week + minute
    assert (first[1] - first[0]) / minute == MOST_STEPS - 1


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"base_url": "ftp://x"}, "not_an_address"),
    ({"base_url": "http://user@x"}, "not_an_address"),
    ({"figure": "coffee"}, "unknown_figure"),
    ({"figure": "mtbf", "unit": ""}, "computed"),
    ({"unit": "ms"}, "unit_mismatch"),
    ({"step": 5}, "out_of_range"),
    ({"service_label": "a b"}, "not_a_label"),
    ({"service": "payments-api"}, "twice"),
    ({"service": "nobody"}, "unknown"),
    ({"colour": "red"}, "unknown"),
    ({"query": ""}, "required"),
]


@pytest.mark.parametrize(("more", "code"), WRONG)
def test_a_source_is_read_strictly(admin: Actor, more: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        make(admin, **more)


def test_only_administrators_set_up_sources(admin: Actor) -> None:
    outsider = make_user().actor
    with refused(Forbidden):
        make(outsider)
    source = make(admin)
    with refused(InvalidInput, "exists"):
        make(admin)
    source_move(actor=admin, now=NOW, slug=source.slug, verb="pause")
    assert sources_pull(clock=lambda: LATER) == 0
    with refused(Stale):
        source_edit(actor=admin, now=NOW, slug=source.slug, fields={"step": 30}, version=1)
    edited = source_edit(actor=admin, now=NOW, slug=source.slug, fields={"step": 30}, version=2)
    assert (edited.step, edited.version, edited.state) == (30, 3, "paused")


def test_json_of_a_flood_is_refused(admin: Actor, receiver: Receiver) -> None:
    source = make(admin, receiver.url)
    receiver.manner = "floods"
    sources_pull(clock=lambda: NOW)
    source.refresh_from_db()
    assert source.failures == 1
    assert json.dumps(source.error)

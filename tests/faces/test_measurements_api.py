"""Measurements by API: what is valid is kept, what is not is told by its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from compliance.models import Measurement, Series
from tests.makers import make_service, make_token
from tests.measuring import measured_under
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/measurements/"
AT = "2026-02-28T23:00:00+02:00"


@pytest.fixture(autouse=True)
def world() -> None:
    measured_under()
    make_service("payments-api")


def client(*scopes: str) -> dict[str, Any]:
    _, secret = make_token(scopes or ("measurements:write", "measurements:read"), now=datetime.now(UTC))
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def post(body: str | Any, **headers: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return Client().post(URL, text, content_type="application/json", **(headers or client()))


def row(**more: Any) -> dict[str, Any]:
    return {"figure": "availability", "service": "payments-api", "at": AT, "value": 99.95, **more}


def test_one_measurement_is_kept() -> None:
    answer = post(row(value=0.9995, unit="share"))
    assert (answer.status_code, answer.json()) == (
        201,
        {"accepted": 1, "new": 1, "repeated": 0, "rejected": []},
    )
    kept = Measurement.objects.select_related("series").get()
    assert kept.value == pytest.approx(99.95)
    assert kept.at == datetime(2026, 2, 28, 21, tzinfo=UTC)
    assert (kept.series.subject_kind, kept.series.subject_key) == ("service", "payments-api")
    headers = client()
    listed = Client().get(f"{URL}?figure=availability&service=payments-api", **headers).json()["results"]
    assert [(one["at"], one["unit"], one["source"]) for one in listed] == [
        ("2026-02-28T21:00:00Z", "percent", "api")
    ]
    assert Client().get(f"{URL}series/", **headers).json()["results"][0]["component"] == ""
    assert Client().get(URL, **headers).status_code == 400


BAD: list[tuple[Any, str, str]] = [
    (row(value="NaN"), "/value", "not_finite"),
    (row(value=None), "/value", "not_a_number"),
    (row(value=True), "/value", "not_a_number"),
    (row(unit="ms"), "/unit", "unit_mismatch"),
    (row(unit="furlongs"), "/unit", "unknown_unit"),
    (row(figure="coffee"), "/figure", "unknown_figure"),
    (row(figure="change_success_rate"), "/figure", "computed"),
    (row(service="nobody"), "/service", "unknown_service"),
    (row(component="Core Agent"), "/component", "not_a_slug"),
    (row(at="2026-02-28T23:00:00"), "/at", "no_zone"),
    (row(at="2031-01-01T00:00:00Z"), "/at", "future"),
    (row(at="1999-01-01T00:00:00Z"), "/at", "out_of_range"),
    (row(at=7), "/at", "not_a_time"),
    (row(colour="red"), "/colour", "unknown"),
    (row(value=-5), "/value", "out_of_range"),
    (row(value=150), "/value", "out_of_range"),
    (row(value=1.5, unit="share"), "/value", "out_of_range"),
    (row(figure="response_time_p95", value=-0.1, unit="s"), "/value", "out_of_range"),
    (row(figure="cost", value=-1), "/value", "out_of_range"),
    ("text", "", "not_an_object"),
]


def test_a_batch_keeps_its_valid_rows_and_tells_of_the_others_by_their_place() -> None:
    good = [row(at=f"2026-02-2{day}T00:00:00Z") for day in range(3)]
    answer = post([good[0], *[bad for bad, _, _ in BAD], good[1], good[2], good[0]])
    told = answer.json()
    assert (answer.status_code, told["accepted"], told["new"], told["repeated"]) == (201, 4, 3, 1)
    assert [(one["index"], one["pointer"], one["code"]) for one in told["rejected"]] == [
        (number, pointer, code) for number, (_, pointer, code) in enumerate(BAD, 1)
    ]
    assert all(one["detail"] for one in told["rejected"])
    assert Measurement.objects.count() == 3
    assert post(good).json()["repeated"] == 3
    assert Measurement.objects.count() == 3


def test_numbers_that_are_none_lose_only_their_own_rows() -> None:
    rows = json.dumps([row()])[1:-1]
    bad = json.dumps(row()).replace("99.95", "{}")
    body = "[" + ",".join([rows, *(bad.replace("{}", one) for one in ("NaN", "-Infinity", "1e400"))]) + "]"
    told = post(body).json()
    assert told["accepted"] == 1
    assert [(one["index"], one["code"]) for one in told["rejected"]] == [
        (1, "not_finite"),
        (2, "not_finite"),
        (3, "not_finite"),
    ]


@pytest.mark.parametrize(("body", "pointer"), [(BAD[0][0], "/value"), ([BAD[0][0]], "/0/value"), ([], "")])
def test_where_nothing_is_valid_nothing_is_kept(body: Any, pointer: str) -> None:
    headers = client()
    with nothing_written(at_an_edge=True):
        answer = post(body, **headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_it_takes_ten_thousand_at_once_and_no_more() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"figure": "availability", "at": (start + timedelta(minutes=one)).isoformat(), "value": one % 100}
        for one in range(10_001)
    ]
    headers = client()
    assert post(rows, **headers).status_code == 413
    assert not Series.objects.exists()
    assert post(rows[1:], **headers).json()["new"] == 10_000


def test_it_takes_the_right_scope() -> None:
    assert post(row(), **client("measurements:read")).status_code == 403
    assert post(row(), HTTP_AUTHORIZATION="Bearer opk_nobody").status_code == 401


def test_the_figures_are_listed_with_their_units() -> None:
    listed = Client().get(f"{URL}figures/", **client()).json()["results"]
    units = {one["id"]: (one["unit"], one["computed"]) for one in listed}
    assert units["availability"] == ("percent", False)
    assert units["mtbf"] == ("h", True)

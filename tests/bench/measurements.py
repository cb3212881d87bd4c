"""Measurements at size: a request of 10,000, and pages over ten million of them beside a million records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client

from compliance.measuring.statistics import bin_of
from compliance.services.core import conformance_evaluate
from compliance.services.measures.promises import objective_create
from opsportal.core.clock import database_now
from tests.makers import ROOT, make_service, make_token, make_user
from tests.measuring import measured_under
from tests.services.test_measures_judged import AVAILABILITY, COST, HEAD, RESPONSE, SUCCESS

Figure = dict[str, Any]
SERIES = 1_000
ROWS = 10_000
VALUE = 99.95


def measure(
    points: int,
    records: int,
    figure: Callable[..., Figure],
    times: Callable[[Callable[[], object], int], list[float]],
    at: Callable[[list[float], float], float],
) -> Iterator[Figure]:
    """Yield the figures; the tables grow on the way. `points` and `records` are made by SQL."""
    now = database_now()
    measured_under(HEAD, AVAILABILITY, RESPONSE, COST, SUCCESS, now=now, version="bench")
    for number in range(20):
        make_service(f"measured-{number}", tier="critical")
    objective = {"title": "Bench", "figure": "availability", "service": "measured-0", "objective": "99.9"}
    objective_create(actor=ROOT, now=now, fields=objective)
    yield from _request(figure, times, at)
    _seed(points, records)
    conformance_evaluate(clock=database_now)
    reader = Client()
    reader.force_login(make_user(staff=True))
    millions = f"{points:,} measurements and {records:,} records"
    for name, path in {
        "page Conformance": "/conformance/",
        "page of a figure": "/compliance/figures/availability/?service=measured-0",
        "page of an objective": "/compliance/objectives/SLO-1/",
    }.items():
        if reader.get(path).status_code != 200:
            raise RuntimeError(f"{path} is refused")
        took = times(lambda path=path: reader.get(path), 20)  # type: ignore[misc]
        yield figure(f"{name}, {millions}, p95", at(took, 0.95), 500.0)
    yield figure("conformance found anew", at(times(_evaluate, 3), 0.5), 10_000.0)


def _evaluate() -> None:
    conformance_evaluate(clock=database_now)


def _request(figure: Callable[..., Figure], times: Any, at: Any) -> Iterator[Figure]:
    _, token = make_token(["measurements:write"], now=database_now())
    client = Client(headers={"authorization": f"Bearer {token}"})
    turn = iter(range(100))

    def send() -> None:
        end = database_now() - timedelta(days=200 + next(turn))
        rows = [
            {
                "figure": "availability",
                "service": f"measured-{number % 20}",
                "at": (end - timedelta(minutes=number // 20)).isoformat(),
                "value": 99.9,
            }
            for number in range(ROWS)
        ]
        answer = client.post("/api/v1/measurements/", json.dumps(rows), content_type="application/json")
        if answer.status_code != 201 or answer.json()["new"] != ROWS:
            raise RuntimeError("the measurements are not taken")

    yield figure("10,000 measurements in one request, p50", at(times(send, 5), 0.5), 2_000.0)


def _seed(points: int, records: int) -> None:
    each = max(points // SERIES, 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO compliance_series"
            " (figure, unit, subject_kind, subject_key, component, source, created_at)"
            " SELECT CASE n %% 2 WHEN 0 THEN 'availability' ELSE 'response_time_p95' END,"
            " CASE n %% 2 WHEN 0 THEN 'percent' ELSE 'ms' END, 'service', 'measured-' || (n / 2 %% 20),"
            " '', 'bench:' || n, now() FROM generate_series(0, %s) n",
            [SERIES - 1],
        )
        cursor.execute(
            "INSERT INTO compliance_measurement (series_id, at, value)"
            " SELECT s.id, now() - n * interval '5 minutes', %s FROM generate_series(1, %s) n,"
            " compliance_series s WHERE s.source LIKE 'bench:%%'",
            [VALUE, each],
        )
        for grain in ("hour", "day"):
            cursor.execute(
                "INSERT INTO compliance_rollup"
                " (series_id, grain, start, count, total, least, most, last, last_at, sketch)"
                " SELECT series_id, %s, date_trunc(%s, at, 'UTC'), count(*), sum(value), min(value),"
                " max(value), max(value), max(at), jsonb_build_object(%s::text, count(*))"
                " FROM compliance_measurement m"
                " JOIN compliance_series s"
                " ON s.id = m.series_id WHERE s.source LIKE 'bench:%%'"
                " GROUP BY series_id, date_trunc(%s, at, 'UTC')",
                [grain, grain, str(bin_of(VALUE)), grain],
            )
        cursor.execute(
            "INSERT INTO compliance_evidence (event, subject_kind, subject_key, record_kind, record_key,"
            " summary, facts, digest, observed_at, received_at, actor_kind, actor_id)"
            " SELECT 'bench', 'service', 'measured-' || (n %% 20), 'bench', n::text, '', '{}', '',"
            " now() - n * interval '1 minute', now(), 'system', 'bench' FROM generate_series(1, %s) n",
            [records],
        )
        cursor.execute("ANALYZE")

"""Points are stored once each, and their hours and days always say what the points say."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from compliance.measuring.statistics import tally_of
from compliance.models import Measurement, Rollup, Series
from compliance.services.measures.storing import SeriesKey, Stored, store_points
from tests.makers import NOW

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # clocks of Europe are set back within the next hours
API = SeriesKey("latency", "payments-api", "", "api")
WHOLE = SeriesKey("latency", "", "", "api")
UNITS = {"latency": "ms"}

Points = list[tuple[SeriesKey, datetime, float]]


def put(points: Points) -> Stored:
    with transaction.atomic():
        return store_points(points, units=UNITS, now=NOW)


def check_rollups() -> None:
    """Every hour and day equals the tally of the points in it, counted anew."""
    for row in Rollup.objects.all():
        length = timedelta(hours=1) if row.grain == "hour" else timedelta(days=1)
        points = Measurement.objects.filter(
            series=row.series_id, at__gte=row.start, at__lt=row.start + length
        ).order_by("at")
        tally = tally_of(points.values_list("at", "value"))
        assert (row.count, row.least, row.most, row.last, row.last_at) == (
            tally.count,
            tally.least,
            tally.most,
            tally.last,
            tally.last_at,
        )
        assert row.total == pytest.approx(tally.total)
        if row.grain == "day":
            assert {int(name): count for name, count in row.sketch.items()} == tally.sketch
    counted = Rollup.objects.filter(grain="day").values_list("count", flat=True)
    assert sum(counted) == Measurement.objects.count()


def test_points_are_stored_once_with_their_hours_and_days() -> None:
    points: Points = [
        (API, START + timedelta(minutes=7 * number), number % 50 + 0.5) for number in range(500)
    ]
    assert put(points) == Stored(500, 0)
    assert put(points[100:300]) == Stored(0, 200)
    assert Measurement.objects.count() == 500
    assert Series.objects.get().subject_key == "payments-api"
    check_rollups()


def test_what_arrives_late_doubled_and_in_any_order_is_counted_right() -> None:
    chance = random.Random(5)
    points: Points = [
        (chance.choice([API, WHOLE]), START + timedelta(minutes=chance.randrange(4_000)), chance.gauss(0, 9))
        for _ in range(400)
    ]
    stored = sum(put(chance.sample(points, 120)).new for _ in range(12))
    assert stored == Measurement.objects.count()
    assert Series.objects.count() == 2
    check_rollups()


def test_a_point_that_stands_is_left_as_it_is() -> None:
    put([(API, START, 1.0)])
    assert put([(API, START, 2.0), (API, START, 3.0)]) == Stored(0, 2)
    assert Measurement.objects.get().value == 1.0


def test_ten_thousand_points_take_few_statements() -> None:
    points: Points = [
        (
            SeriesKey("latency", f"service-{number % 20}", "", "api"),
            START + timedelta(minutes=number // 20),
            1.5,
        )
        for number in range(10_000)
    ]
    with connection.execute_wrapper(counting := Counting()):
        assert put(points) == Stored(10_000, 0)
    assert counting.count <= 20


class Counting:
    """Counts the statements that pass."""

    count = 0

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        self.count += 1
        return execute(sql, params, many, context)

"""Two who deliver the same series at once, and what PostgreSQL reads for pages over many points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from compliance.measuring.windows import span_at, window_of
from compliance.models import Measurement, Rollup, Series
from compliance.selectors.measures.tallies import tallies_of
from compliance.services.measures.storing import SeriesKey, store_points
from tests.makers import NOW
from tests.racing import race

KEYS = [SeriesKey("latency", f"service-{number}", "", "api") for number in range(6)]


@pytest.mark.usefixtures("fresh_database")
def test_nothing_is_lost_or_counted_twice_where_two_deliver_at_once() -> None:
    def deliver(start: int) -> int:
        points = [
            (KEYS[(start + number) % 6], NOW - timedelta(seconds=number), float(number))
            for number in range(300)
        ]
        with transaction.atomic():
            return store_points(points, units={"latency": "ms"}, now=NOW).new

    results = race(*[lambda start=start: deliver(start) for start in (0, 0, 3, 5)])
    counts = [one for one in results if isinstance(one, int)]
    assert len(counts) == 4, results
    stored = Measurement.objects.count()
    assert sum(counts) == stored
    for grain in ("hour", "day"):
        assert sum(Rollup.objects.filter(grain=grain).values_list("count", flat=True)) == stored
    for row in Rollup.objects.filter(grain="day"):
        assert sum(row.sketch.values()) == row.count
    assert Series.objects.count() == 6


@pytest.mark.django_db
def test_a_window_over_many_points_reads_sums_by_their_index() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO compliance_series"
            " (figure, unit, subject_kind, subject_key, component, source, created_at)"
            " SELECT 'latency', 'ms', 'service', 's-' || n, '', 'api', now() FROM generate_series(1, 200) n"
        )
        cursor.execute(
            "INSERT INTO compliance_rollup"
            " (series_id, grain, start, count, total, least, most, last, last_at, sketch)"
            " SELECT id, 'day', %s + n * interval '1 day', 1440, 1440, 1, 1, 1,"
            " %s + n * interval '1 day', '{}'"
            " FROM compliance_series, generate_series(0, 99) n",
            [start, start],
        )
        cursor.execute(
            "INSERT INTO compliance_measurement (series_id, at, value)"
            " SELECT id, %s + n * interval '1 hour', 1 FROM compliance_series, generate_series(0, 99) n",
            [start],
        )
        cursor.execute("ANALYZE compliance_rollup")
        cursor.execute("ANALYZE compliance_measurement")
    ids = list(Series.objects.values_list("pk", flat=True)[:3])
    span = span_at(window_of("30d"), start + timedelta(days=90))
    assert tallies_of(ids, span)[ids[0]].count == 30 * 1440
    rows = Rollup.objects.filter(series__in=ids, grain="day", start__gte=span.start)
    assert "Seq Scan" not in rows.explain()
    points = Measurement.objects.filter(series=ids[0], at__gte=span.start)
    assert "measurement_once" in points.explain()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'measurement_at'")
        assert "USING brin" in cursor.fetchone()[0]

"""How PostgreSQL finds the newest evidence of a kind among very much of others, and what is old to purge."""

from __future__ import annotations

import pytest
from django.db import connection

from compliance.models import Evidence, Measurement, Series
from compliance.services.recovery.record_classes import BY_SLUG
from tests.makers import NOW

pytestmark = pytest.mark.django_db
ROWS = 20_000


def test_the_newest_of_a_kind_is_one_look_into_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO compliance_evidence (event, subject_kind, subject_key, record_kind, record_key,"
            " summary, facts, digest, observed_at, received_at, actor_kind, actor_id)"
            " SELECT (ARRAY['backup.recorded', 'training.held'])[1 + (n %% 50 = 0)::int], 'asset',"
            " 'AST-' || n %% 900, 'backup', n::text, '', '{}', '',"
            " %s - n * interval '1 minute', %s, 'system', ''"
            " FROM generate_series(1, %s) n",
            [NOW, NOW, ROWS],
        )
        cursor.execute("ANALYZE compliance_evidence")
    for event in ("backup.recorded", "training.held", "never.happened"):
        plan = Evidence.objects.filter(event=event).order_by("-observed_at", "-id")[:1].explain()
        assert "evidence_newest" in plan
        assert "Sort" not in plan


def test_old_points_are_found_by_series() -> None:
    one, other = (
        Series.objects.create(
            figure=figure, unit="percent", subject_kind="organisation", source="api", created_at=NOW
        )
        for figure in ("availability", "error_rate")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO compliance_measurement (series_id, at, value)"
            " SELECT (ARRAY[%s, %s])[1 + n %% 2], %s - n * interval '1 minute', 1"
            " FROM generate_series(1, %s) n",
            [one.pk, other.pk, NOW, ROWS],
        )
        cursor.execute("ANALYZE compliance_measurement")
    old = Measurement.objects.filter(series=one, at__lt=NOW).order_by("at")[:100].explain()
    assert "measurement_once" in old
    assert "Sort" not in old
    found = BY_SLUG["metrics"].oldest()
    assert found == min(Measurement.objects.values_list("at", flat=True))

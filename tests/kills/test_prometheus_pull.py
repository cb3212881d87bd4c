"""Figures pulled from a real Prometheus server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance.models import Measurement, PullSource, Rollup
from compliance.services.measures.pulling import sources_pull
from compliance.services.measures.sources import source_create
from opsportal.core.clock import database_now
from tests.makers import make_service, make_user
from tests.measuring import measured_under
from tests.prometheus import INSTALL, Prometheus, is_installed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not is_installed(), reason=f"needs a real Prometheus: {INSTALL}"),
]
STEP = timedelta(seconds=15)


def test_a_real_server_is_asked_and_its_answer_is_measured(tmp_path: Path, settings: Any) -> None:
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    now = database_now()
    measured_under(now=now)
    make_service("payments-api")
    server = Prometheus(tmp_path)
    try:
        fields = {
            "slug": "real",
            "title": "A real one",
            "base_url": server.url,
            "query": "avg by (service) (up)",
            "figure": "availability",
            "unit": "share",
            "service_label": "service",
            "step": 15,
        }
        source_create(actor=make_user(staff=True).actor, now=now, fields=fields)
        # The next whole step lies after the scrape: no need to wait for it.
        later = database_now() + STEP
        assert sources_pull(clock=lambda: later) == 1
        source = PullSource.objects.get()
        assert (source.error, source.failures) == ("", 0)
        kept = Measurement.objects.select_related("series").get()
        assert (kept.value, kept.series.subject_key, kept.series.unit) == (100.0, "payments-api", "percent")
        assert Rollup.objects.count() == 2
        again = later + STEP
        PullSource.objects.update(query="no such (query", next_at=again)
        assert sources_pull(clock=lambda: again) == 1
        assert PullSource.objects.get().error == "the server answered with bad_data"
    finally:
        server.stop()

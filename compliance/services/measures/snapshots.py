"""Once a day the portal's own figures are measured like any other, so that they have a trend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from compliance.measuring.figures import OWN, PORTAL
from compliance.measuring.windows import Span
from compliance.models import Measurement
from compliance.selectors.measures.own import OwnFigures
from compliance.services.measures.storing import SeriesKey, store_points
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.writes import write

ACTOR = Actor.system("compliance.snapshots")
LENGTH = timedelta(days=30)


def snapshots_take(*, clock: Callable[[], datetime]) -> int:
    """Measure every own figure of the 30 days before today (UTC) began; return how many values are new.

    `clock` is the database's (aware UTC). Done already, it changes nothing.
    """
    now = clock()
    at = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if Measurement.objects.filter(series__source=PORTAL, at=at, series__subject_key="").exists():
        return 0
    services = list(Service.objects.filter(state="active").values_list("slug", flat=True))
    own = OwnFigures(Span(at - LENGTH, at, at), now, services)
    known = {"", *services}
    points = [
        (SeriesKey(figure, service, "", PORTAL), at, value)
        for figure in OWN
        for service, value in own.values(figure).items()
        if value is not None and service in known
    ]
    with write(actor=ACTOR, now=now):
        return store_points(points, units={one.id: one.unit for one in OWN.values()}, now=now).new

"""A standard with figures, and measurements of them, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from compliance.services.measures.adding import measurements_add
from opsportal.core.actor import Actor
from opsportal.standards.rules import Standard
from tests.makers import NOW
from tests.packs import install

MACHINE = Actor.system("tests")
FIGURES = """
[[figure]]
id = "availability"
title = "Availability"
unit = "percent"

[[figure]]
id = "response_time_p95"
title = "Response time, 95th percentile"
unit = "ms"

[[figure]]
id = "cost"
title = "Cost"
unit = "USD"
"""


def measured_under(*rules: str, now: datetime = NOW, version: str = "1") -> Standard:
    """Put a standard in force that declares the three figures, and these rules."""
    return install(FIGURES, *rules, now=now, version=version)


def measure(
    figure: str,
    *values: float,
    service: str = "",
    component: str = "",
    until: datetime = NOW,
    every: timedelta = timedelta(days=1),
) -> None:
    """Deliver points of a figure, the last of them at `until`."""
    rows = [
        {
            "figure": figure,
            "service": service,
            "component": component,
            "at": (until - every * (len(values) - 1 - number)).isoformat(),
            "value": value,
        }
        for number, value in enumerate(values)
    ]
    measurements_add(actor=MACHINE, now=until, rows=rows)

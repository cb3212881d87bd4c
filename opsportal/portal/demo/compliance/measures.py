"""What the demo organisation measures: 90 days of its services, what it pays, and how it grows.

Only figures that the standard in force declares are measured: with another standard it is another demo.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from compliance.selectors.measures.figures import known_figures
from compliance.services.measures.adding import measurements_add
from compliance.services.measures.promises import (
    capacity_plan_create,
    cost_budget_create,
    objective_create,
)
from compliance.services.measures.snapshots import snapshots_take
from opsportal.core.actor import Actor
from opsportal.portal.demo.stage import Stage

SYSTEM = Actor.system("demo")
DAYS = 90
# service, usual response time (ms), how it fares
SERVICES = (
    ("payments-api", 140),
    ("ledger", 90),
    ("identity", 70),
    ("edge-gateway", 20),
    ("checkout-web", 420),
    ("orders-api", 180),
    ("catalogue-api", 110),
    ("search-api", 260),
)
OUTAGE = ("search-api", 6)
"""The service that had a bad day, so many days ago: its budget is overspent."""
COSTS = (
    # component, budget, alert at, critical at, a day
    ("infrastructure", 5_000, 4_000, 4_500, 131.0),
    ("api-services", 3_000, 2_500, 2_800, 96.5),
    ("storage", 500, 400, 450, 9.2),
)


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield what is promised, then everything that was measured, as if it had arrived just now."""
    yield now - timedelta(days=89), _promise
    yield now - timedelta(minutes=3), _measure
    yield now - timedelta(minutes=2, seconds=30), _snapshot


def _promise(at: datetime) -> None:
    known = known_figures()
    month = f"{at:%Y-%m}"
    if "availability" in known:
        for service, percent in (("payments-api", "99.9"), ("checkout-web", "99.9"), ("search-api", "99.9")):
            fields = {
                "title": f"{service} is there",
                "service": service,
                "figure": "availability",
                "objective": percent,
                "window": "30d",
            }
            objective_create(actor=SYSTEM, now=at, fields=fields)
    if "cost" in known:
        for component, budget, alert, critical, _ in COSTS:
            cost_budget_create(
                actor=SYSTEM,
                now=at,
                fields={
                    "component": component,
                    "budget": budget,
                    "alert_at": alert,
                    "critical_at": critical,
                    "since": month,
                },
            )
    if "storage_used" in known:
        capacity_plan_create(
            actor=SYSTEM,
            now=at,
            fields={
                "title": "Storage of the ledger",
                "service": "ledger",
                "figure": "storage_used",
                "start": month,
                "points": {"1": 120, "3": 160, "6": 240, "12": 480},
                "trigger": 200,
                "trigger_text": "Add a volume, and archive the oldest year.",
            },
        )


def _measure(at: datetime) -> None:
    known = known_figures()
    rows = [row for row in _rows(at) if row["figure"] in known]
    for start in range(0, len(rows), 10_000):
        measurements_add(actor=SYSTEM, now=at, rows=rows[start : start + 10_000])


def _rows(now: datetime) -> Iterator[dict[str, Any]]:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(DAYS, -1, -1):
        day = today - timedelta(days=ago)
        for number, (service, usual) in enumerate(SERVICES):
            wave = math.sin(ago * 0.7 + number)
            is_out = (service, ago) == OUTAGE
            yield _row(day, service, "availability", 96.9 if is_out else round(99.97 + 0.02 * wave, 4))
            yield _row(day, service, "error_rate", 3.4 if is_out else round(0.04 + 0.03 * wave, 4))
            yield _row(
                day, service, "response_time_p95", round(usual * (3 if is_out else 1 + 0.15 * wave), 1)
            )
            yield _row(
                day, service, "response_time_p99", round(usual * (5 if is_out else 1.6 + 0.2 * wave), 1)
            )
            yield _row(day, service, "throughput", round(120 + 40 * wave + 10 * number, 1))
            yield _row(day, service, "cache_hit_rate", round(92 + 3 * wave, 2))
        yield _row(day, "ledger", "storage_used", round(110 + (DAYS - ago) * 0.9, 1))
        for component, _, _, _, daily in COSTS:
            cost = round(daily * (1 + 0.1 * math.sin(ago)), 2)
            yield {"figure": "cost", "component": component, "at": day.isoformat(), "value": cost}


def _row(at: datetime, service: str, figure: str, value: float) -> dict[str, Any]:
    return {"figure": figure, "service": service, "at": at.isoformat(), "value": value}


def _snapshot(at: datetime) -> None:
    snapshots_take(clock=lambda: at)

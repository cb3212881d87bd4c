"""A report on incidents, put together from rows. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from incidents.learning.figures import (
    ActionRow,
    BusFactor,
    Row,
    Summary,
    action_completion,
    bus_factors,
    by_service,
    by_severity,
    found_by_users,
    measured,
    recurrence,
    share,
    weeks,
)
from incidents.severities import SEVERITIES
from opsportal.standards.vocabulary import Value


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of incidents declared from `start` to `end` (aware UTC, the end not included)."""

    start: datetime
    end: datetime
    count: int
    before: int
    overall: dict[str, Summary]
    severities: dict[str, dict[str, Summary]]
    services: dict[str, dict[str, Summary]]
    counts: dict[str, int]
    weeks: list[tuple[datetime, int]]
    found_by_users: float | None
    recurrence: float | None
    action_completion: float | None
    bus_factors: list[BusFactor]

    def facts(self) -> dict[str, Value]:
        """Return what rules may ask at `figures.incidents`; what is known of nothing is left out."""
        given: dict[str, Value] = {
            "figures.mean_time_to_detect": self.overall["detect"].mean,
            "figures.mean_time_to_acknowledge": self.overall["acknowledge"].mean,
            "figures.mean_time_to_resolve": self.overall["resolve"].mean,
            "figures.recurrence": self.recurrence,
            "figures.action_completion": self.action_completion,
            "figures.found_by_users": self.found_by_users,
            "figures.incident_ratio": share(self.count, self.before),
        }
        return {name: value for name, value in given.items() if value is not None}


def report_of(
    rows: Collection[Row],
    actions: Collection[ActionRow],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    before: int,
) -> Report:
    """Return the report. `rows` may reach further back, for recurrence; `before` counts the period before."""
    inside = [row for row in rows if row.declared_at >= start]
    services = by_service(inside)
    return Report(
        start=start,
        end=end,
        count=len(inside),
        before=before,
        overall=measured(inside),
        severities={one: measured(its) for one, its in by_severity(inside, SEVERITIES).items()},
        services={name: measured(its) for name, its in services.items()},
        counts={
            **{one: len(its) for one, its in by_severity(inside, SEVERITIES).items()},
            **{name: len(its) for name, its in services.items()},
        },
        weeks=weeks(inside, start, end),
        found_by_users=found_by_users(inside),
        recurrence=recurrence(rows, start),
        action_completion=action_completion(actions, now),
        bus_factors=bus_factors(inside),
    )

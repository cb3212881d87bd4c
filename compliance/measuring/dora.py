"""DORA's five figures of software delivery, from links that were made, never guessed from time. Pure.

Definitions after dora.dev, "DORA's software delivery performance metrics" (five since 2024). What the portal
knows stands for what they speak of:

* **change lead time**: from the creation of the change to its deployment in production (the commit's own time
  is the pipeline's to know); median of the deployments that brought a change.
* **deployment frequency**: deployments that reached production, a day.
* **change fail rate**: of the deployments that were started in production, those that failed, were rolled
  back, or that somebody named as the cause of an incident.
* **failed deployment recovery time**: from such a deployment's end to the service working again: the next
  deployment that succeeded there, the end of its own rollback, or the mitigation of the incident that it
  caused, whichever came first; median. It is not the time to resolve an incident.
* **deployment rework rate**: of the deployments that reached production, those of emergency changes: not
  planned, made because something was wrong.

A deployment whose pipeline never said how it ended counts nowhere but in `unfinished`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

REACHED = frozenset({"succeeded", "verified"})
BROKEN = frozenset({"failed", "rolled_back"})


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment to production that was started. Instants are aware UTC.

    `change_created_at` is None where it brought no change; `mitigated_at` is when the first incident that
    names it (or its change) as its cause was mitigated or resolved; `has_incident` whether there is one.
    """

    key: str
    service: str
    state: str
    started_at: datetime
    finished_at: datetime | None = None
    change: str = ""
    change_created_at: datetime | None = None
    is_emergency: bool = False
    has_incident: bool = False
    mitigated_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state in REACHED or self.state in BROKEN

    @property
    def has_failed(self) -> bool:
        return self.state in BROKEN or (self.has_incident and self.state in REACHED)

    @property
    def has_reached(self) -> bool:
        """It was in production: it succeeded, or did and was taken back."""
        return self.state in REACHED or self.state == "rolled_back"


@dataclass(frozen=True, slots=True)
class Dora:
    """The five figures of a period; None where nothing happened of which they could speak."""

    deployments: int
    failed: int
    unfinished: int
    rework: int
    lead_time: timedelta | None
    per_day: float
    fail_rate: float | None
    recovery_time: timedelta | None
    not_recovered: int
    rework_rate: float | None


def dora_of(rows: Collection[Deployed], start: datetime, end: datetime) -> Dora:
    """Return the figures of the deployments started from `start` to `end`; `rows` may reach further."""
    inside = [row for row in rows if start <= row.started_at < end]
    over = [row for row in inside if row.is_over]
    reached = [row for row in over if row.has_reached]
    broken = [row for row in over if row.has_failed]
    recoveries = [recovery_of(row, rows) for row in broken]
    rework = sum(row.is_emergency for row in reached)
    return Dora(
        deployments=len(reached),
        failed=len(broken),
        unfinished=len(inside) - len(over),
        rework=rework,
        lead_time=_median(lead_time_of(row) for row in reached),
        per_day=len(reached) / max((end - start) / timedelta(days=1), 1e-9),
        fail_rate=len(broken) / len(over) if over else None,
        recovery_time=_median(recoveries),
        not_recovered=sum(one is None for one in recoveries),
        rework_rate=rework / len(reached) if reached else None,
    )


def lead_time_of(row: Deployed) -> timedelta | None:
    """Return from the change's creation to its deployment; None without one, or one created after."""
    at = row.finished_at or row.started_at
    if row.change_created_at is None or row.change_created_at > at:
        return None
    return at - row.change_created_at


def recovery_of(row: Deployed, rows: Iterable[Deployed]) -> timedelta | None:
    """Return how long a failed deployment was not recovered from; None while it is not."""
    broken_at = row.finished_at or row.started_at
    if row.state == "rolled_back":
        # Its end is the end of the rollback, so that the trouble began when it was started.
        return max((row.finished_at or row.started_at) - row.started_at, timedelta())
    ends = [
        other.finished_at or other.started_at
        for other in rows
        if other.service == row.service
        and other.state in REACHED
        and other.key != row.key
        and not other.has_incident
        and (other.finished_at or other.started_at) > broken_at
    ]
    if row.mitigated_at is not None and row.mitigated_at >= broken_at:
        ends.append(row.mitigated_at)
    return min(ends) - broken_at if ends else None


def _median(spans: Iterable[timedelta | None]) -> timedelta | None:
    known = [span.total_seconds() for span in spans if span is not None]
    return timedelta(seconds=round(median(known))) if known else None

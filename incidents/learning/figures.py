"""The arithmetic of reports on incidents. Pure: rows in, figures out. All instants are aware UTC.

Means hide the one bad night, so that the median and the 90th percentile always stand beside them.

* Time to detect: from the beginning of the trouble to its detection. The beginning is when the first alert
  of the incident says that it began; an incident without alerts has none, and is not counted.
* Time to acknowledge: from the declaration to the acknowledgement, what `incident.time_to_acknowledge`
  is to rules.
* Time to resolve: from the detection to the resolution, what `incident.time_to_resolve` is to rules. It is
  not DORA's failed-deployment recovery time, which counts from a deployment.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

RECURRENCE = timedelta(days=90)
COMPLETION = timedelta(days=30)
MOST_OF_IT = 0.8


@dataclass(frozen=True, slots=True)
class Row:
    """One incident as figures see it. `began_at` is of its first alert; `handler` acknowledged it."""

    pk: int
    severity: str
    detected_by: str
    services: tuple[str, ...]
    detected_at: datetime
    declared_at: datetime
    began_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    handler: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """How long something took, over `count` incidents; None where it is known of none."""

    count: int
    mean: timedelta | None
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action item as figures see it; dropped ones are left out beforehand."""

    opened_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class BusFactor:
    """So few people (`people`) acknowledged at least 80 % of the `incidents` of a service."""

    service: str
    people: int
    incidents: int


def detect(row: Row) -> timedelta | None:
    """Return how long it took to detect it; None where nobody knows when it began."""
    return _span(row.began_at, row.detected_at)


def acknowledge(row: Row) -> timedelta | None:
    """Return how long it took to acknowledge it; None where nobody did."""
    return _span(row.declared_at, row.acknowledged_at)


def resolve(row: Row) -> timedelta | None:
    """Return how long it took to resolve it; None while it is not."""
    return _span(row.detected_at, row.resolved_at)


MEASURES: Mapping[str, Callable[[Row], timedelta | None]] = {
    "detect": detect,
    "acknowledge": acknowledge,
    "resolve": resolve,
}


def _span(start: datetime | None, end: datetime | None) -> timedelta | None:
    """Return the time between; a clock that was set back between the two counts as no time."""
    return max(end - start, timedelta()) if start is not None and end is not None else None


def summary(spans: Iterable[timedelta | None]) -> Summary:
    """Return count, mean, median and 90th percentile (nearest rank) of the spans that are known."""
    known = sorted(span for span in spans if span is not None)
    if not known:
        return Summary(0, None, None, None)
    seconds = [span.total_seconds() for span in known]
    return Summary(
        len(known),
        timedelta(seconds=round(sum(seconds) / len(seconds))),
        timedelta(seconds=round(median(seconds))),
        known[math.ceil(0.9 * len(known)) - 1],
    )


def measured(rows: Collection[Row]) -> dict[str, Summary]:
    """Return the summary of each measure."""
    return {name: summary(measure(row) for row in rows) for name, measure in MEASURES.items()}


def by_severity(rows: Collection[Row], severities: Iterable[str]) -> dict[str, list[Row]]:
    """Return the rows of each of `severities`, in their order."""
    return {one: [row for row in rows if row.severity == one] for one in severities}


def by_service(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows of each service, most incidents first. A row counts for each of its services."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for service in row.services:
            found.setdefault(service, []).append(row)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def share(part: int, whole: int) -> float | None:
    """Return the share from 0 to 1; None of nothing."""
    return part / whole if whole else None


def found_by_users(rows: Collection[Row]) -> float | None:
    """Return the share of incidents that a user noticed first."""
    return share(sum(row.detected_by == "user" for row in rows), len(rows))


def recurrence(rows: Iterable[Row], since: datetime) -> float | None:
    """Return the share of incidents from `since` on whose cause was there before.

    That is: of those whose postmortem names a category, how many have an earlier one of the same category for
    one of the same services, detected in the 90 days before. `rows` reach 90 days further back. "Not known"
    is no category.
    """
    named = sorted((row for row in rows if row.cause and row.cause != "unknown"), key=_detected)
    last: dict[tuple[str, str], datetime] = {}
    counted = again = 0
    for row in named:
        keys = [(service, row.cause) for service in row.services]
        if row.detected_at >= since:
            counted += 1
            again += any(key in last and row.detected_at - last[key] <= RECURRENCE for key in keys)
        last.update(dict.fromkeys(keys, row.detected_at))
    return share(again, counted)


def _detected(row: Row) -> tuple[datetime, int]:
    return row.detected_at, row.pk


def action_completion(rows: Iterable[ActionRow], now: datetime) -> float | None:
    """Return the share of action items that were done within 30 days.

    One that is not done counts once its 30 days are over: until then nobody knows.
    """
    decided = [row for row in rows if row.done_at is not None or now - row.opened_at > COMPLETION]
    in_time = sum(row.done_at is not None and row.done_at - row.opened_at <= COMPLETION for row in decided)
    return share(in_time, len(decided))


def bus_factors(rows: Iterable[Row]) -> list[BusFactor]:
    """Return, for each service, how few people acknowledged 80 % of its incidents; the fewest first."""
    found = []
    for service, its in by_service(rows).items():
        handled = Counter(row.handler for row in its if row.handler)
        total, reached, people = sum(handled.values()), 0, 0
        for _, count in handled.most_common():
            if reached >= MOST_OF_IT * total:
                break
            reached, people = reached + count, people + 1
        if total:
            found.append(BusFactor(service, people, total))
    return sorted(found, key=lambda one: (one.people, -one.incidents, one.service))


def weeks(rows: Iterable[Row], start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return how many incidents were declared in each seven days from `start` on, the last ones shorter."""
    length = timedelta(days=7)
    count = max(1, math.ceil((end - start) / length))
    counts = [0] * count
    for row in rows:
        if start <= row.declared_at < end:
            counts[int((row.declared_at - start) / length)] += 1
    return [(start + number * length, each) for number, each in enumerate(counts)]


def scale_top(values: Iterable[float]) -> int:
    """Return where the scale of a chart ends: 2, 4, 10, 20, 40, 100, …, so that its middle is whole too."""
    highest = max((*values, 1))
    top = 2
    while top < highest:
        top = top * 5 // 2 if str(top).startswith("4") else top * 2
    return top


def bars(
    values: Sequence[float], *, width: int, height: int, top: float = 0
) -> list[tuple[int, int, int, int]]:
    """Return (x, y, width, height) of a bar for each value, in whole units; `top`, or else the highest, fills
    `height`."""
    if not values:
        return []
    highest, step = top or max(values) or 1, width / len(values)
    found = []
    for number, value in enumerate(values):
        tall = round(height * value / highest)
        found.append((round(number * step), height - tall, max(1, round(step * 0.8)), tall))
    return found

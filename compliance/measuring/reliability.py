"""Mean time between failures, and to repair. Pure.

A failure is an incident that touched the service directly; its repair ends when it was mitigated, or
resolved. Failures that overlap are one time of trouble: an hour of two incidents is an hour.
MTBF = (time - trouble) / failures, MTTR = trouble / failures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Failure:
    """When it began, and when it was over; None while it is not."""

    began_at: datetime
    over_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """What came of a time. Without a failure there is no mean: `between` then is None, and `failures` 0."""

    failures: int
    trouble: timedelta
    between: timedelta | None
    to_repair: timedelta | None


def reliability_of(failures: Iterable[Failure], start: datetime, end: datetime) -> Reliability:
    """Return the means of a time (aware UTC). One that began before counts for what lies inside."""
    spans = sorted(
        (max(one.began_at, start), min(one.over_at or end, end))
        for one in failures
        if one.began_at < end and (one.over_at or end) > start
    )
    merged: list[tuple[datetime, datetime]] = []
    for begin, over in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], over))
        else:
            merged.append((begin, over))
    trouble = sum((over - begin for begin, over in merged), timedelta())
    if not merged:
        return Reliability(0, trouble, None, None)
    return Reliability(len(merged), trouble, (end - start - trouble) / len(merged), trouble / len(merged))

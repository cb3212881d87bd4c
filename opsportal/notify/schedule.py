"""When somebody may be told: their quiet hours and their digest, on the clock of their own wall. Pure.

Instants are aware; what comes back is UTC. "Quiet" is what the wall clock says: a time that the clocks
pass twice counts twice, one that they skip never comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Urgency = Literal["low", "normal", "high"]
Digest = Literal["none", "hourly", "daily"]

LONGEST_QUIET = timedelta(hours=20)
"""So that each day has hours in which something may be sent, also on the day that the clocks change."""
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until `end` (wall clock; over midnight where `end` is not later).

    `days` are those on which it begins, Monday is 0.
    """

    start: time
    end: time
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a person wants to hear of what is not urgent."""

    zone: ZoneInfo
    quiet: QuietHours | None = None
    digest: Digest = "daily"
    digest_at: time = time(8)


@dataclass(frozen=True, slots=True)
class Sending:
    """When (UTC) and how: by itself, or in the digest of that moment."""

    at: datetime
    in_digest: bool = False


def sending(urgency: Urgency, created_at: datetime, rhythm: Rhythm) -> Sending:
    """Return when something may be sent that came up at `created_at`.

    High goes at once, whatever the hour. Normal waits until the quiet hours are over. Low waits for
    the digest, or goes like normal where there is none.
    """
    if urgency == "high":
        return Sending(created_at.astimezone(UTC))
    if urgency == "low" and rhythm.digest != "none":
        return Sending(digest_due(created_at, rhythm), in_digest=True)
    return Sending(loud_at(created_at, rhythm))


def loud_at(moment: datetime, rhythm: Rhythm) -> datetime:
    """Return the first instant from `moment` on that is not in quiet hours."""
    moment = moment.astimezone(UTC)
    for _ in range(_ROUNDS):
        began = _quiet_since(moment, rhythm)
        if began is None:
            return moment
        quiet = rhythm.quiet
        assert quiet is not None  # noqa: S101 - tells mypy what `_quiet_since` has found
        ends_on = began if quiet.start < quiet.end else began + _DAY
        moment = min(end for end in _instants(ends_on, quiet.end, rhythm.zone) if end > moment)
    return moment


def digest_due(created_at: datetime, rhythm: Rhythm) -> datetime:
    """Return when the next digest after `created_at` goes: its time, or the end of the quiet hours then."""
    return loud_at(_next_digest(created_at.astimezone(UTC), rhythm), rhythm)


def quiet_length(start: time, end: time) -> timedelta:
    """Return how long quiet hours last by the clock; the same time twice means a whole day."""
    length = datetime.combine(date.min, end) - datetime.combine(date.min, start)
    return length if length > timedelta() else length + _DAY


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of this name; UTC where this machine knows none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _next_digest(moment: datetime, rhythm: Rhythm) -> datetime:
    local = moment.astimezone(rhythm.zone)
    if rhythm.digest == "hourly":
        into_the_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return moment - into_the_hour + _HOUR
    days = (local.date() + _DAY * number for number in range(3))
    # Of a time that comes twice the first; one that is skipped falls as long after the gap as it was in it.
    return next(
        at for at in (_instants(day, rhythm.digest_at, rhythm.zone)[0] for day in days) if at > moment
    )


def _quiet_since(moment: datetime, rhythm: Rhythm) -> date | None:
    """Return the day on which the quiet hours began that `moment` lies in; None where it lies in none."""
    quiet = rhythm.quiet
    if quiet is None:
        return None
    local = moment.astimezone(rhythm.zone)
    today, clock = local.date(), local.time()
    if quiet.start < quiet.end:
        began = today if quiet.start <= clock < quiet.end else None
    elif clock >= quiet.start:
        began = today
    else:
        began = today - _DAY if clock < quiet.end else None
    return began if began is not None and began.weekday() in quiet.days else None


def _instants(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both readings of a wall-clock time in UTC: they differ where the clocks change."""
    local = datetime.combine(day, clock, tzinfo=zone)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)

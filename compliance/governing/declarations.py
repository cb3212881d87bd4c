"""Whether what a standard lets somebody declare on a cadence is declared. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from compliance.governing.periods import month_later

_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
EVERY = ("day", "week", *_MONTHS)


@dataclass(frozen=True, slots=True)
class Due:
    """Where one declaration stands: `met`, `breached` or `no_data`, and by when it is next owed."""

    status: str
    due_at: datetime
    because: str


def next_due(after: datetime, every: str) -> datetime:
    """Return the instant one cadence after `after` (aware UTC); months as the calendar counts them."""
    if every == "day":
        return after + timedelta(days=1)
    if every == "week":
        return after + timedelta(weeks=1)
    later: date = month_later(after.date(), _MONTHS[every])
    return after.replace(year=later.year, month=later.month, day=later.day)


def due_of(
    *,
    every: str,
    since: datetime,
    declared_at: datetime | None,
    valid_until: datetime | None,
    deliverer: str,
    now: datetime,
) -> Due:
    """Return where a declaration stands that is owed `every` so often, under a standard in force `since`.

    `declared_at` and `valid_until` are of the latest one (None: there is none). Nobody is late before the
    first period since the standard came into force is over: until then there is no data.
    """
    if declared_at is None:
        due_at = next_due(since, every)
        if now < due_at:
            return Due("no_data", due_at, f"Not declared yet; {deliverer} declares it by {due_at:%Y-%m-%d}.")
        return Due("breached", due_at, f"Never declared; {deliverer} had until {due_at:%Y-%m-%d}.")
    due_at = next_due(declared_at, every)
    if valid_until is not None:
        due_at = min(due_at, valid_until)
    if now < due_at:
        return Due("met", due_at, f"Declared on {declared_at:%Y-%m-%d}, next by {due_at:%Y-%m-%d}.")
    return Due("breached", due_at, f"The one of {declared_at:%Y-%m-%d} held until {due_at:%Y-%m-%d}.")

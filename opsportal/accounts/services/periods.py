"""Periods of whole UTC days from `valid_from` to `valid_until`, both inclusive; None means open. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from opsportal.core.errors import InvalidInput


def utc_day(now: datetime) -> date:
    """Return the UTC day of `now` (aware)."""
    return now.astimezone(UTC).date()


def require_period(valid_from: date, valid_until: date | None) -> None:
    """Raise `InvalidInput` where the period ends before it starts."""
    if valid_until is not None and valid_until < valid_from:
        raise InvalidInput.of("valid_until", "ends_before_start", "The last day is before the first.")


def overlaps(first: tuple[date, date | None], second: tuple[date, date | None]) -> bool:
    """Return whether two periods have a day in common."""
    (from_1, until_1), (from_2, until_2) = first, second
    return (until_2 is None or from_1 <= until_2) and (until_1 is None or from_2 <= until_1)


def require_end(period: tuple[date, date | None], last_day: date, today: date) -> None:
    """Raise `InvalidInput` where a period cannot be cut to end with `last_day`.

    The past stays as it was: the earliest last day is yesterday, which ends the period at once. A
    period is only ever made shorter; a longer one is a new one, granted by somebody.
    """
    if last_day < today - timedelta(days=1):
        raise InvalidInput.of(
            "last_day", "in_the_past", "The past cannot be changed: yesterday ends it at once."
        )
    if period[1] is not None and last_day > period[1]:
        raise InvalidInput.of("last_day", "not_shorter", f"It ends with {period[1].isoformat()} already.")

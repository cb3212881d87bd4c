"""Instants that people and machines send in."""

from __future__ import annotations

from datetime import UTC, datetime

from opsportal.core.errors import InvalidInput

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def clean_moment(value: datetime, *, field: str) -> datetime:
    """Return an aware instant in UTC. Raises `InvalidInput` without a zone or outside the years 2000 to 2200.

    At the ends of the calendar an instant cannot be shown in every zone, and nobody plans there.
    """
    if value.tzinfo is None:
        raise InvalidInput.of(field, "no_zone", "Must name its zone, e.g. end with Z.")
    try:
        moment = value.astimezone(UTC)
    except (OverflowError, ValueError):
        moment = None
    if moment is None or not EARLIEST <= moment < LATEST:
        raise InvalidInput.of(field, "out_of_range", "Must lie between the years 2000 and 2200.")
    return moment

"""When an offered shift that nobody has taken is pointed out again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

AHEAD = (
    timedelta(weeks=4),
    timedelta(weeks=3),
    timedelta(weeks=2),
    timedelta(weeks=1),
    timedelta(days=3),
    timedelta(days=2),
    timedelta(days=1),
    timedelta(hours=12),
)
"""So long before the shift begins; the steps that users of other systems know."""


def next_reminder(start: datetime, after: datetime) -> datetime | None:
    """Return the first reminder of a shift that begins at `start` that lies after `after`, or None."""
    return next((start - ahead for ahead in AHEAD if start - ahead > after), None)

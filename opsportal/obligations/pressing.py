"""What of all that is owed presses: what is overdue, and what is due soon. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

SOON = timedelta(days=14)


def pressing_until(now: datetime) -> datetime:
    """Return the instant up to which a due time presses at `now` (both aware UTC)."""
    return now + SOON


def presses(due_at: datetime, now: datetime) -> bool:
    """Return whether what is due at `due_at` is overdue at `now`, or due within 14 days of it."""
    return due_at <= pressing_until(now)

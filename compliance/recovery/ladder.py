"""What a restore test proved: a ladder of six rungs, and the times that it measured. Pure.

A rung counts what really happened. That a file is there, or that its checksum is right, says nothing about
whether it can be restored; so a test on the lower two rungs is a look at a backup, and is not a restore.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LADDER: tuple[tuple[str, str], ...] = (
    ("exists", "The backup is there"),
    ("checksum", "Its checksum is right"),
    ("restored", "It was restored"),
    ("integrity_verified", "The restored data is whole"),
    ("application_verified", "The application works on it"),
    ("full_exercise", "Full disaster exercise"),
)
LEVELS = tuple(level for level, _ in LADDER)
TITLES = dict(LADDER)
REAL = LEVELS.index("restored") + 1
"""The lowest rung (1 to 6) on which something was restored."""


def rung(level: str) -> int:
    """Return the rung of a level, 1 (`exists`) to 6 (`full_exercise`). Raises `ValueError` for no level."""
    return LEVELS.index(level) + 1


def is_restore(level: str) -> bool:
    """Return whether something was really restored on this level."""
    return rung(level) >= REAL


@dataclass(frozen=True, slots=True)
class Measured:
    """What a test measured; None where it measured nothing of the kind."""

    rto: timedelta | None
    rpo: timedelta | None


def measured(
    level: str, *, decided_at: datetime | None, usable_at: datetime | None, data_until: datetime | None
) -> Measured:
    """Return recovery time and recovery point of a test (aware UTC instants).

    The time runs from the outage, or the decision to restore, until the data was usable again. The point is
    the age that the restored data had at the outage; data that is newer counts as of no age. Below a
    restore nothing is measured, whatever was written down.
    """
    if not is_restore(level) or decided_at is None:
        return Measured(None, None)
    rto = usable_at - decided_at if usable_at is not None else None
    rpo = max(decided_at - data_until, timedelta()) if data_until is not None else None
    return Measured(rto, rpo)


def within(value: timedelta | None, target: timedelta | None) -> bool | None:
    """Return whether a measured time keeps its target; None where one of them is missing."""
    if value is None or target is None:
        return None
    return value <= target

"""What an alert that arrives means for what is known of it. Pure.

One occurrence of an alert begins and ends once. Nothing here follows from what a sender leaves out: an
occurrence ends when its sender says so, or when the same alert begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from incidents.ingest.arrived import Arrived


class Meaning(StrEnum):
    """What to do with an alert that arrived."""

    OPEN = "open"
    """A new occurrence."""
    FOLLOW = "follow"
    """A new occurrence; the one that is open has ended, though nobody said so."""
    REPEAT = "repeat"
    """Known already: counted, nothing else."""
    CLOSE = "close"
    """The open occurrence has ended."""
    ACKNOWLEDGE = "acknowledge"
    """Somebody is on the open occurrence."""
    RECORD = "record"
    """An occurrence that was over before it was heard of: kept as a fact."""
    DROP = "drop"
    """About nothing that is known, in a format that says that such a thing is dropped."""


@dataclass(frozen=True, slots=True)
class Known:
    """The latest occurrence of an alert. Times are aware UTC."""

    is_firing: bool
    starts_at: datetime
    ends_at: datetime | None = None
    is_acknowledged: bool = False


def meaning(arrived: Arrived, latest: Known | None) -> Meaning:
    """Return what `arrived` means, given the latest occurrence that is known, None where there is none."""
    if arrived.status == "firing":
        return _of_firing(arrived.starts_at, latest)
    if arrived.status == "acknowledged":
        if latest is None or not latest.is_firing:
            return Meaning.DROP
        return Meaning.REPEAT if latest.is_acknowledged else Meaning.ACKNOWLEDGE
    return _of_resolved(arrived, latest)


def ends_at(arrived: Arrived, starts_at: datetime, now: datetime) -> datetime:
    """Return when an occurrence that began at `starts_at` ended: as told, or now; never before it began."""
    return max(starts_at, arrived.ends_at or now)


def _of_firing(starts_at: datetime | None, latest: Known | None) -> Meaning:
    if latest is None:
        return Meaning.OPEN
    if starts_at is None:
        return Meaning.REPEAT if latest.is_firing else Meaning.OPEN
    if starts_at <= latest.starts_at:
        # The same occurrence again, from a peer that saw it begin earlier, or one that was late on its way.
        return Meaning.REPEAT
    return Meaning.FOLLOW if latest.is_firing else Meaning.OPEN


def _of_resolved(arrived: Arrived, latest: Known | None) -> Meaning:
    starts_at = arrived.starts_at
    if latest is None:
        return Meaning.RECORD if arrived.keeps_unseen_end and starts_at is not None else Meaning.DROP
    if latest.is_firing:
        # At its end it was not firing, so whatever had begun until then is over.
        is_over = starts_at is None or starts_at >= latest.starts_at
        is_over = is_over or (arrived.ends_at is not None and arrived.ends_at >= latest.starts_at)
        return Meaning.CLOSE if is_over else Meaning.REPEAT
    if starts_at is None:
        return Meaning.REPEAT if arrived.keeps_unseen_end else Meaning.DROP
    is_new = starts_at > (latest.ends_at or latest.starts_at) and arrived.keeps_unseen_end
    return Meaning.RECORD if is_new else Meaning.REPEAT

"""What every report is: blocks for people, figures for programs, rows for a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from opsportal.core.lengths import length_in_words
from opsportal.web.printing import Block


@dataclass(frozen=True, slots=True)
class Report:
    """One report on a time (aware UTC, its end not included).

    `data` is what the API answers; `columns` and `rows` are the sheet: one row for each thing counted.
    """

    name: str
    title: str
    lead: str
    start: datetime
    end: datetime
    blocks: Sequence[Block]
    data: dict[str, Any]
    columns: Sequence[str]
    rows: Iterable[Sequence[object]] = field(repr=False)


def percent(share: float | None) -> str:
    """Return a share as people read it, `–` of nothing."""
    return "–" if share is None else f"{100 * share:.1f} %"


def span_words(span: timedelta | None) -> str:
    """Return a length in its two largest units, `–` of nothing."""
    return "–" if span is None else length_in_words(max(span, timedelta()))


def seconds(span: timedelta | None) -> int | None:
    """Return a length in whole seconds, None of nothing."""
    return None if span is None else round(span.total_seconds())


def weeks_between(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the stretches of seven days from `start` on, the last one shorter."""
    found = []
    while start < end:
        found.append((start, min(start + timedelta(days=7), end)))
        start += timedelta(days=7)
    return found

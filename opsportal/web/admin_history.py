"""What changed from one version of a row to the next, by signs and colours, never colours alone."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import ForeignKey
from django.utils.text import capfirst

LONGEST = 4_000
COUNTERS = frozenset({"id", "version", "updated_at"})
"""What moves with every version and tells nothing."""
_NOTHING: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference. `sign` is +, − or a space."""

    sign: str
    text: str

    @property
    def words(self) -> str:
        """The sign for those who hear the page."""
        return {"+": "new:", "−": "old:"}.get(self.sign, "")

    @property
    def tone(self) -> str:
        return {"+": "plus", "−": "minus"}.get(self.sign, "same")


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in one field."""

    field: str
    lines: tuple[Line, ...]


def differences(record: Any, before: Any) -> list[Difference]:
    """Return what changed from the history row `before` to `record`; the first values where it is None.

    Of every field that is kept, also of those that no form offers: the library's own comparison leaves
    those out, and they are the states.
    """
    found = []
    for field in record.tracked_fields:
        new = getattr(record, field.attname)
        old = None if before is None else getattr(before, field.attname)
        if field.name in COUNTERS or new == old or (before is None and new in _NOTHING):
            continue
        shown_before = "" if before is None else _shown(before, field)
        lines = difference_of(shown_before, _shown(record, field))
        found.append(Difference(str(capfirst(str(field.verbose_name))), lines))
    return found


def difference_of(old: str, new: str) -> tuple[Line, ...]:
    """Return the lines that went, came and stayed. Short values as a whole, texts line by line."""
    if "\n" not in old + new:
        lines = (Line("−", old), Line("+", new))
        return tuple(line for line in lines if line.text)
    return tuple(_line(text) for text in difflib.ndiff(old.splitlines(), new.splitlines()) if text[0] != "?")


def _line(text: str) -> Line:
    return Line({"-": "−", "+": "+"}.get(text[0], " "), text[2:])


def _shown(record: Any, field: Any) -> str:
    value = getattr(record, field.attname)
    if value is None:
        return ""
    if isinstance(field, ForeignKey):
        try:
            return str(getattr(record, field.name))  # by one query for all rows: the page joins them
        except ObjectDoesNotExist:
            return str(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False, indent=1)
    else:
        text = str(dict(field.flatchoices).get(value, value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def set_differences(page: Iterable[Any], older: Any) -> None:
    """Give each record of a page (newest first) its `differences`; `older` comes before the last of them."""
    records: Sequence[Any] = list(page)
    for record, before in zip(records, [*records[1:], older], strict=True):
        record.differences = differences(record, before)
        record.is_first = before is None

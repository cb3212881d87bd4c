"""What changed from one version of a row to the next, by signs and colours, never colours alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils.text import capfirst

LONGEST = 4_000


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


def differences(model: type[Model], record: Any, before: Any) -> list[Difference]:
    """Return what changed from the history row `before` to `record`; the first values where it is None."""
    if before is None:
        return [
            Difference(_label(model, field.name), (Line("+", _shown(getattr(record, field.attname))),))
            for field in record.tracked_fields
            if getattr(record, field.attname) not in (None, "", [], {})
        ]
    delta = record.diff_against(before, foreign_keys_are_objs=True)
    return [
        Difference(_label(model, change.field), difference_of(_shown(change.old), _shown(change.new)))
        for change in delta.changes
    ]


def difference_of(old: str, new: str) -> tuple[Line, ...]:
    """Return the lines that went, came and stayed. Short values as a whole, texts line by line."""
    if "\n" not in old + new:
        lines = (Line("−", old), Line("+", new))
        return tuple(line for line in lines if line.text)
    return tuple(_line(text) for text in difflib.ndiff(old.splitlines(), new.splitlines()) if text[0] != "?")


def _line(text: str) -> Line:
    return Line({"-": "−", "+": "+"}.get(text[0], " "), text[2:])


def _label(model: type[Model], name: str) -> str:
    return str(capfirst(str(model._meta.get_field(name).verbose_name)))  # type: ignore[union-attr]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def set_differences(model: type[Model], page: Iterable[Any], older: Any) -> None:
    """Give each record of a page (newest first) its `differences`; `older` comes before the last of them."""
    records: Sequence[Any] = list(page)
    for record, before in zip(records, [*records[1:], older], strict=True):
        record.differences = differences(model, record, before)
        record.is_first = before is None

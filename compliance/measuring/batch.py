"""A batch of measurements as it arrives: rows that can be kept, and what is wrong with the others. Pure.

Rows are read one by one and never give up on the others: a collector that sends one bad value would
otherwise lose the 9,999 beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from compliance.measuring.ranges import Limits
from compliance.measuring.units import UnitError, factor_between

MOST_ROWS = 10_000
AHEAD = timedelta(minutes=5)
"""Clocks of senders may go this much ahead of ours."""
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST = 1e300
NAMES = frozenset({"figure", "service", "component", "at", "value", "unit"})
_COMPONENT = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
MOST_COMPONENT = 60


@dataclass(frozen=True, slots=True)
class FigureKind:
    """What the reader knows of a figure: its unit, whether the portal computes it itself, what it can be."""

    unit: str
    is_computed: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Point:
    """One row that can be kept: its value is in the unit of its figure. `at` is aware UTC."""

    index: int
    figure: str
    service: str
    component: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that cannot be kept. `pointer` is the place in the row, RFC 6901."""

    index: int
    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows are read against, and the factors that were looked up so far."""

    figures: Mapping[str, FigureKind]
    services: Collection[str]
    now: datetime
    since: datetime
    factors: dict[tuple[str, str], float | UnitError]


class _RowError(ValueError):
    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code, self.detail = field, code, detail


def component_slug(text: str) -> str:
    """Return a name as the slug of a component: `Core Agent` is `core-agent`; `""` without letters."""
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in text.lower()).split()
    return "-".join(words)[:MOST_COMPONENT].strip("-")


def read(
    rows: Sequence[Any],
    *,
    figures: Mapping[str, FigureKind],
    services: Collection[str],
    now: datetime,
    since: datetime = OLDEST,
) -> tuple[list[Point], list[Rejected]]:
    """Return the rows that can be kept and those that cannot, both in their order.

    `figures` are those that are declared, `services` the slugs that there are, `now` is aware UTC. What was
    before `since` is deleted already, and would be counted twice.
    """
    kept: list[Point] = []
    refused: list[Rejected] = []
    known = _Known(figures, services, now, max(since, OLDEST), {})
    for index, row in enumerate(rows):
        try:
            kept.append(_point(index, row, known))
        except _RowError as error:
            pointer = f"/{error.field}" if error.field else ""
            refused.append(Rejected(index, pointer, error.code, error.detail))
    return kept, refused


def _point(index: int, row: Any, known: _Known) -> Point:
    if not isinstance(row, Mapping):
        raise _RowError("", "not_an_object", "Must be a JSON object.")
    if unknown := sorted(str(name)[:60] for name in row if name not in NAMES):
        raise _RowError(unknown[0], "unknown", f"No such field; known are: {', '.join(sorted(NAMES))}.")
    figure = _text(row, "figure", needed=True)
    kind = known.figures.get(figure)
    if kind is None:
        raise _RowError("figure", "unknown_figure", "The standard in force knows no such figure.")
    if kind.is_computed:
        raise _RowError("figure", "computed", "The portal computes this figure itself.")
    service = _text(row, "service")
    if service and service not in known.services:
        raise _RowError("service", "unknown_service", "There is no such service.")
    component = _text(row, "component")
    if component and (len(component) > MOST_COMPONENT or not _COMPONENT.fullmatch(component)):
        raise _RowError(
            "component",
            "not_a_slug",
            f"Use lower-case letters and digits, parted by - _ or ., {MOST_COMPONENT} at most.",
        )
    value = _value(row.get("value"))
    unit = _text(row, "unit")
    if unit:
        value = _finite(value * _factor(unit, kind.unit, known.factors))
    value = _held(value, kind.limits)
    return Point(index, figure, service, component, _moment(row.get("at"), known), value)


def _text(row: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise _RowError(name, "not_text", "Must be text.")
    if needed and not value:
        raise _RowError(name, "required", "This is needed.")
    return value


def _value(value: object) -> float:
    if isinstance(value, str) and value.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        raise _RowError("value", "not_finite", "Must be a number, neither NaN nor infinite.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _RowError("value", "not_a_number", "Must be a number.")
    try:
        return _finite(float(value))
    except OverflowError:
        raise _RowError("value", "out_of_range", "Is larger than any number here.") from None


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise _RowError("value", "not_finite", "Must be a number, neither NaN nor infinite.")
    if abs(value) > LARGEST:
        raise _RowError("value", "out_of_range", "Is larger than any number here.")
    return value + 0.0  # -0.0 is 0


def _held(value: float, limits: Limits) -> float:
    held = limits.held(value)
    if held is None:
        raise _RowError("value", "out_of_range", limits.words)
    return held


def _factor(unit: str, wanted: str, factors: dict[tuple[str, str], float | UnitError]) -> float:
    found = factors.get((unit, wanted))
    if found is None:
        try:
            found = float(factor_between(unit, wanted))
        except UnitError as error:
            found = error
        factors[unit, wanted] = found
    if isinstance(found, UnitError):
        raise _RowError("unit", found.code, str(found))
    return found


def _moment(value: object, known: _Known) -> datetime:
    if value is None:
        return known.now
    if not isinstance(value, str):
        raise _RowError("at", "not_a_time", "Must be a time as text, e.g. 2026-11-21T03:00:00Z.")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _RowError("at", "not_a_time", "Must be a time such as 2026-11-21T03:00:00Z.") from None
    if moment.tzinfo is None:
        raise _RowError("at", "no_zone", "Must name its zone, e.g. end with Z.")
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        raise _RowError("at", "out_of_range", "Must lie after the year 2000.") from None
    if moment < OLDEST:
        raise _RowError("at", "out_of_range", "Must lie after the year 2000.")
    if moment < known.since:
        raise _RowError(
            "at", "purged", f"What was before {known.since:%Y-%m-%d} is over, and was deleted here."
        )
    if moment > known.now + AHEAD:
        raise _RowError("at", "future", "Lies ahead: nobody has measured that yet.")
    return moment

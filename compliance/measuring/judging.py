"""Whether a value keeps to its target. Pure.

`at_least` and `at_most` take the target itself, `above` and `below` do not. Three grades may be named: the
target, what is acceptable, and what is critical. A value is *met* at the target, *acceptable* past it but
within what is acceptable, *breached* past that, and *critical* at or past the critical value. For
conformance only `met` and `acceptable` count as met: a standard that names no acceptable value allows none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from compliance.measuring.windows import Span

Direction = Literal["at_least", "at_most", "above", "below"]
Grade = Literal["met", "acceptable", "breached", "critical", "no_data"]
DIRECTIONS: tuple[Direction, ...] = ("at_least", "at_most", "above", "below")
SIGNS = {"at_least": "≥", "at_most": "≤", "above": ">", "below": "<"}
PATIENCE = 4
"""A mean, least, most or percentile is stale once its newest point is older than this part of the window."""
STANDING = frozenset({"last", "sum"})
"""These mean what they say however old their newest point is."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value should be, in the unit of its figure."""

    direction: Direction
    target: Decimal
    acceptable: Decimal | None = None
    critical: Decimal | None = None

    @property
    def text(self) -> str:
        """The target as people write it, without its unit: `≥ 99.9`."""
        return f"{SIGNS[self.direction]} {self.target.normalize():f}"


def keeps(value: Decimal, direction: Direction, bound: Decimal) -> bool:
    """Return whether `value` keeps to one bound."""
    match direction:
        case "at_least":
            return value >= bound
        case "at_most":
            return value <= bound
        case "above":
            return value > bound
        case "below":
            return value < bound


def grade(value: Decimal | None, bounds: Bounds) -> Grade:
    """Return the grade of a value; of none, that there is no data."""
    if value is None:
        return "no_data"
    if keeps(value, bounds.direction, bounds.target):
        return "met"
    if bounds.critical is not None and _reaches(value, bounds):
        return "critical"
    if bounds.acceptable is not None and keeps(value, bounds.direction, bounds.acceptable):
        return "acceptable"
    return "breached"


def _reaches(value: Decimal, bounds: Bounds) -> bool:
    critical = bounds.critical if bounds.critical is not None else bounds.target
    return value <= critical if bounds.direction in {"at_least", "above"} else value >= critical


def status(found: Grade) -> Literal["met", "breached", "no_data"]:
    """Return what conformance says of a grade."""
    if found in {"met", "acceptable"}:
        return "met"
    return "no_data" if found == "no_data" else "breached"


def is_stale(newest: datetime, span: Span, statistic: str) -> bool:
    """Return whether nobody measured for so long that a good value proves nothing any more.

    Of a calendar month that has begun, the whole month counts.
    """
    if statistic in STANDING:
        return False
    return span.end - newest > max(span.length / PATIENCE, timedelta(minutes=5))

"""Which values a figure can have at all: a share lies between nothing and the whole. Pure.

The unit says it, unless the figure of the pack says otherwise (`range`): growth against last month is a
percentage as well, and may be −20 or 300.
"""

from __future__ import annotations

from dataclasses import dataclass

from compliance.measuring.units import UnitError, factor_between, text_of, unit_of

_HAIR = 1e-9
"""What a computation in doubles may be off by: 1 - 1.0000000000000002 is none below zero."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that a value of a figure can be, in its unit; None: no such end."""

    least: float | None = None
    most: float | None = None
    unit: str = ""

    def held(self, value: float) -> float | None:
        """Return a value that can be, None for one that cannot. A hair past an end is the end."""
        if self.least is not None and value < self.least:
            return self.least if value >= self.least - _HAIR else None
        if self.most is not None and value > self.most:
            return self.most if value <= self.most * (1 + _HAIR) else None
        return value

    @property
    def words(self) -> str:
        """What a value must be, as a sentence; `""` without limits."""
        if self.least is None:
            return ""
        if self.most is None:
            return f"Must not be below {self.least:g}."
        return (
            f"Must be between {self.least:g} and {text_of(self.most, self.unit)}: it is a share of a whole."
        )


def limits_of(unit: str, within: str = "by_unit") -> Limits:
    """Return the limits of a figure by its unit and by what it says itself (`by_unit`, `from_zero`, `any`).

    A unit that a pack made up may be a temperature: it has no limits unless the figure says so.
    """
    if within == "any":
        return Limits()
    if within == "from_zero":
        return Limits(0.0)
    try:
        dimension = unit_of(unit).dimension
    except UnitError:
        return Limits()
    if dimension == "share":
        return Limits(0.0, float(factor_between("share", unit)), unit)
    return Limits(0.0)

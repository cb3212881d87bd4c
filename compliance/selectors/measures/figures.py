"""Which figures there are: those of the standard in force, and the portal's own."""

from __future__ import annotations

from dataclasses import dataclass

from compliance.measuring.batch import FigureKind
from compliance.measuring.figures import OWN
from compliance.measuring.ranges import Limits, limits_of
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.vocabulary import BY_UNIT


@dataclass(frozen=True, slots=True)
class KnownFigure:
    """A figure that may be measured (`is_own` False) or that the portal computes."""

    id: str
    title: str
    unit: str
    is_own: bool = False
    range: str = BY_UNIT

    @property
    def limits(self) -> Limits:
        """What a value that somebody sends can be."""
        return limits_of(self.unit, self.range)


def figures_of(standard: Standard | None) -> dict[str, KnownFigure]:
    """Return the figures of a standard and the portal's own, by id."""
    own = {one.id: KnownFigure(one.id, one.title, one.unit, is_own=True) for one in OWN.values()}
    declared = standard.figures if standard is not None else ()
    return {**{one.id: KnownFigure(one.id, one.title, one.unit, range=one.range) for one in declared}, **own}


def known_figures() -> dict[str, KnownFigure]:
    """Return the figures of the standard in force and the portal's own, by id. One query."""
    return figures_of(active_standard_or_none())


def figure_kinds() -> dict[str, FigureKind]:
    """Return what the reader of measurements needs to know of each figure."""
    return {one.id: FigureKind(one.unit, one.is_own, one.limits) for one in known_figures().values()}

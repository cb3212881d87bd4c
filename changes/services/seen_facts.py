"""The facts of changes as pages hold them against rules: the same that decide when a step is taken."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from changes.facts import asks_calendar, calendar_facts, change_facts, place_of
from changes.models import Change, ChangeTarget
from changes.states import BEFORE_IMPLEMENTATION
from opsportal.calendar.almanac import Almanac, FreezeSpan, remaining
from opsportal.calendar.selectors import almanac_at
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Value


@dataclass
class FactsAt:
    """Gives the facts of any number of changes at `now` (aware UTC). The calendar is read once, and only
    where a standard or a card asks for it."""

    now: datetime

    @cached_property
    def almanac(self) -> Almanac:
        return almanac_at(self.now)

    def of(self, change: Change, targets: Collection[ChangeTarget], standard: Standard) -> dict[str, Value]:
        """Return the facts of a change under `standard`; its targets and template are loaded."""
        facts = change_facts(change, targets, now=self.now)
        if asks_calendar([standard]):
            facts |= calendar_facts(change, targets, self.almanac, now=self.now)
        return facts

    def freezes(self, change: Change, targets: Collection[ChangeTarget]) -> tuple[FreezeSpan, ...]:
        """Return the freezes over what is still to come of its window, until it has begun."""
        if change.state not in BEFORE_IMPLEMENTATION:
            return ()
        period = remaining(change.window_start, change.window_end, self.now)
        return self.almanac.freezes_over([place_of(target) for target in targets], *period)

"""From a URL to its object, with what its page needs, in few queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from changes.facts import place_of
from changes.models import Change, ChangeTarget
from changes.models.changes import PREFIX
from changes.outlook import Outlook, outlook_of
from changes.permissions import Case, case_of
from changes.selectors import change_by_key
from changes.services.seen_facts import FactsAt
from changes.states import BEFORE_IMPLEMENTATION
from opsportal.calendar.almanac import Almanac
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard, standard_by_hash
from opsportal.standards.vocabulary import Value


def change_number(key: str) -> int:
    """Return the number in `CHG-1042`. Raises `NotFound` for what is no key of a change."""
    number = number_of(key, PREFIX)
    if number is None or number >= 2**63:
        raise NotFound("There is no such change.")
    return number


@dataclass(frozen=True, slots=True)
class Seen:
    """A change as one reader sees it at one instant."""

    change: Change
    targets: tuple[ChangeTarget, ...]
    standard: Standard
    case: Case
    actor: Actor
    now: datetime
    facts: Mapping[str, Value]
    almanac: Almanac

    @property
    def key(self) -> str:
        return self.change.key

    @property
    def outlook(self) -> Outlook:
        """What the calendar holds in store for it, until it has begun."""
        change = self.change
        if change.state not in BEFORE_IMPLEMENTATION:
            return Outlook()
        return outlook_of(
            self.standard,
            self.facts,
            self.almanac,
            [place_of(target) for target in self.targets],
            window=(change.window_start, change.window_end),
            submitted_at=change.submitted_at,
            now=self.now,
        )

    @property
    def today(self) -> date:
        return self.now.astimezone(UTC).date()


def change_seen(key: str, *, actor: Actor, now: datetime) -> Seen:
    """Return the change of this key as `actor` sees it. Raises `NotFound`."""
    change = change_by_key(key)
    targets = tuple(change.targets.all())
    copied = change.standard_hash
    standard = standard_by_hash(copied) if copied else active_standard()
    facts_at = FactsAt(now)
    return Seen(
        change=change,
        targets=targets,
        standard=standard,
        case=case_of(actor, change, targets, now.astimezone(UTC).date()),
        actor=actor,
        now=now,
        facts=facts_at.of(change, targets, standard),
        almanac=facts_at.almanac,
    )

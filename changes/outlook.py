"""What the calendar holds in store for a change, told before it is submitted and started. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsportal.calendar.almanac import Almanac, FreezeSpan, remaining
from opsportal.calendar.places import Place
from opsportal.calendar.recurrence import Occurrence
from opsportal.standards.rules import Require, Rule, Standard
from opsportal.standards.vocabulary import Facts

POINTS = ("change.submit", "change.schedule", "change.start")
LEAD_TIME, WORKING_LEAD_TIME = "change.lead_time", "change.business_lead_time"


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead time that a rule demands and that the window does not leave.

    `has` is None without a window; `earliest` is when the window may start if it is submitted now, None
    where that is not known.
    """

    rule: Rule
    needed: timedelta
    has: timedelta | None
    earliest: datetime | None
    in_working_time: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """The freezes in the way, lead times that are too short, and the next maintenance window if needed."""

    freezes: tuple[FreezeSpan, ...] = ()
    leads: tuple[Lead, ...] = ()
    next_window: Occurrence | None = None

    def __bool__(self) -> bool:
        return bool(self.freezes or self.leads or self.next_window)


def outlook_of(
    standard: Standard,
    facts: Facts,
    almanac: Almanac,
    places: Collection[Place],
    *,
    window: tuple[datetime | None, datetime | None],
    submitted_at: datetime | None,
    now: datetime,
) -> Outlook:
    """Return what is in store under `standard` for a change with these facts. All instants are aware."""
    freezes = almanac.freezes_over(places, *remaining(*window, now)) if places else ()
    leads = tuple(_leads(standard, facts, almanac, submitted_at or now))
    needs_window = standard.asks_for("change.in_maintenance_window")
    is_outside = needs_window and facts.get("change.in_maintenance_window") is not True
    return Outlook(freezes, leads, _next_window(almanac, places, now) if is_outside else None)


def _leads(standard: Standard, facts: Facts, almanac: Almanac, since: datetime) -> Iterator[Lead]:
    seen: set[tuple[str, timedelta]] = set()
    for rule in (rule for point in POINTS for rule in standard.rules_at(point)):
        if not isinstance(rule.demand, Require) or (rule.when and rule.when.evaluate(facts) is not True):
            continue
        for fact in (LEAD_TIME, WORKING_LEAD_TIME):
            needed, has = rule.demand.condition.least(fact), facts.get(fact)
            if not isinstance(needed, timedelta) or (fact, needed) in seen:
                continue
            seen.add((fact, needed))
            has = has if isinstance(has, timedelta) else None
            if has is None or has < needed:
                working = fact == WORKING_LEAD_TIME
                yield Lead(rule, needed, has, _earliest(almanac, since, needed, working=working), working)


def _earliest(almanac: Almanac, since: datetime, needed: timedelta, *, working: bool) -> datetime | None:
    if not working:
        return since + needed
    return almanac.working_time.after(since, needed) if almanac.working_time else None


def _next_window(almanac: Almanac, places: Collection[Place], now: datetime) -> Occurrence | None:
    """Return the next time that a maintenance window for all of `places` takes place."""
    coming = [
        one
        for window in almanac.windows
        if places and all(window.scope.covers(place) for place in places)
        if (one := window.recurrence.next_after(now)) is not None
    ]
    return min(coming, key=lambda one: one.start, default=None)

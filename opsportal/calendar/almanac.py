"""What the organisation's calendar says of a period: windows, freezes and working time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from opsportal.calendar.hours import WorkingTime
from opsportal.calendar.places import Place, Scope
from opsportal.calendar.recurrence import Recurrence
from opsportal.core.errors import Reason

FROZEN = "frozen"
RULE = "portal.freeze"


@dataclass(frozen=True, slots=True)
class MaintenanceSpan:
    """A maintenance window that is in use: when it recurs, and for what."""

    key: str
    title: str
    recurrence: Recurrence
    scope: Scope


@dataclass(frozen=True, slots=True)
class FreezeSpan:
    """A freeze that is set: from `start` until `end` (aware, not included), for what, and who may pass."""

    key: str
    title: str
    start: datetime
    end: datetime
    scope: Scope
    pass_roles: frozenset[str] = frozenset()

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Return whether it is in force at any moment of that period; where both are one, at that instant."""
        return self.start < end and start < self.end if start < end else self.start <= start < self.end

    def passed_by(self, roles: Collection[str]) -> bool:
        """Return whether somebody with these roles may pass."""
        return not self.pass_roles.isdisjoint(roles)

    def passed_by_approval(self, stages: Iterable[Collection[str]]) -> bool:
        """Return whether one of these approved stages lets it pass: every role that could decide it may."""
        return any(roles and self.pass_roles.issuperset(roles) for roles in stages)

    @property
    def refusal(self) -> Reason:
        """Why something is not done during it, until when, and who may pass."""
        until = f"{self.end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        who = (
            f"Who may pass: {', '.join(sorted(self.pass_roles))}." if self.pass_roles else "Nobody may pass."
        )
        return Reason(FROZEN, RULE, f"{self.key} “{self.title}” freezes this until {until}. {who}")


@dataclass(frozen=True, slots=True)
class Almanac:
    """All of it. `working_time` is None where the organisation has not said when it works."""

    windows: tuple[MaintenanceSpan, ...] = ()
    freezes: tuple[FreezeSpan, ...] = ()
    working_time: WorkingTime | None = None

    def freezes_over(
        self, places: Collection[Place], start: datetime, end: datetime
    ) -> tuple[FreezeSpan, ...]:
        """Return the freezes that cover one of `places` at any moment of the period, by their end."""
        found = [
            one
            for one in self.freezes
            if one.overlaps(start, end) and any(one.scope.covers(place) for place in places)
        ]
        return tuple(sorted(found, key=lambda one: (one.end, one.key)))

    def is_maintained(self, places: Collection[Place], start: datetime, end: datetime) -> bool | None:
        """Return whether the period lies, for each of `places`, wholly in one occurrence of a window for it.

        None where there are no places to ask about.
        """
        if not places:
            return None
        holding = [one.scope for one in self.windows if one.recurrence.holding(start, end)]
        return all(any(scope.covers(place) for scope in holding) for place in places)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta | None:
        """Return the working time between two instants; None where working time is not known."""
        return None if self.working_time is None else self.working_time.between(start, end)


def remaining(
    window_start: datetime | None, window_end: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return what is still to come of a change's window; without one, or once it is over, this instant."""
    if window_start is None or window_end is None or window_end <= now:
        return now, now
    return max(window_start, now), window_end

"""Whose hours on call somebody sees: all of a schedule, or their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from incidents.models import Schedule
from incidents.roster.hours import Hours
from incidents.roster.spans import Span
from incidents.selectors.roster import hours_of
from incidents.services.oncall.scene import case_of
from opsportal.core.access import may
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class HoursSeen:
    """Hours by person (id); `is_whole` where they are those of everybody, not the reader's alone."""

    people: dict[str, Hours]
    is_whole: bool


def hours_seen(*, actor: Actor, now: datetime, schedule: Schedule, period: Span) -> HoursSeen:
    """Return the hours in `period` that `actor` may see: pay is between people and who leads them.

    `schedule` has its team loaded. Everybody sees their own; permission `oncall.hours` opens the others.
    """
    hours = hours_of(schedule, period)
    if may(actor, "oncall.hours", case_of(actor, schedule, now)):
        return HoursSeen(hours, is_whole=True)
    own = {user: one for user, one in hours.items() if actor.is_user and user == actor.id}
    return HoursSeen(own, is_whole=False)

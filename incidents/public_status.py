"""What the status page says: the lives of a notice, and how a component stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from opsportal.core.machine import Machine

Impact = Literal["operational", "maintenance", "degraded", "partial_outage", "major_outage"]

IMPACTS: tuple[Impact, ...] = ("operational", "maintenance", "degraded", "partial_outage", "major_outage")
"""From the mildest to the gravest; a component that several notices name stands as the gravest says."""

IMPACT_WORDS: Mapping[str, str] = {
    "operational": "Works",
    "maintenance": "Under maintenance",
    "degraded": "Slow or impaired",
    "partial_outage": "Partly down",
    "major_outage": "Down",
}
OVERALL_WORDS: Mapping[str, str] = {
    "operational": "Everything works",
    "maintenance": "Maintenance is under way",
    "degraded": "Some things are slow or impaired",
    "partial_outage": "Some things are partly down",
    "major_outage": "There is an outage",
}
BY_SEVERITY: Mapping[str, Impact] = {
    "sev1": "major_outage",
    "sev2": "partial_outage",
    "sev3": "degraded",
    "sev4": "degraded",
}
"""What an incident's severity suggests for the components of its services; whoever publishes may differ."""

DISRUPTION = Machine(
    subject="notice",
    initial="investigating",
    names={
        "investigating": "We are looking into it",
        "identified": "The cause is known",
        "monitoring": "Mended, and being watched",
        "resolved": "Over",
    },
    moves={
        **{
            (here, there): there
            for here in ("investigating", "identified", "monitoring")
            for there in ("investigating", "identified", "monitoring", "resolved")
        },
        ("resolved", "investigating"): "investigating",
    },
)
"""A notice of an incident; each verb is the name of the state that it leads to."""

MAINTENANCE = Machine(
    subject="maintenance notice",
    initial="scheduled",
    names={
        "scheduled": "Announced",
        "in_progress": "Under way",
        "completed": "Done",
        "cancelled": "Called off",
    },
    moves={
        ("scheduled", "scheduled"): "scheduled",
        ("scheduled", "in_progress"): "in_progress",
        ("scheduled", "completed"): "completed",
        ("scheduled", "cancelled"): "cancelled",
        ("in_progress", "in_progress"): "in_progress",
        ("in_progress", "completed"): "completed",
        ("in_progress", "cancelled"): "cancelled",
        ("cancelled", "scheduled"): "scheduled",
        ("completed", "in_progress"): "in_progress",
    },
)
"""A notice of announced work; the same verb again is a new time or a further word."""

COMPONENT = Machine(
    subject="component",
    initial="shown",
    names={"shown": "Shown", "retired": "Retired"},
    moves={("shown", "retire"): "retired", ("retired", "show"): "shown"},
)
SUBSCRIBER = Machine(
    subject="subscription",
    initial="asked",
    names={"asked": "Not confirmed", "active": "Active", "left": "Left"},
    moves={
        ("asked", "ask"): "asked",
        ("asked", "confirm"): "active",
        ("active", "confirm"): "active",
        ("asked", "leave"): "left",
        ("active", "leave"): "left",
    },
)
STATUS_MAIL = Machine(
    subject="mail",
    initial="waiting",
    names={"waiting": "Waiting", "sent": "Sent", "skipped": "Not needed", "dead": "Given up"},
    moves={
        ("waiting", "finish"): "sent",
        ("waiting", "skip"): "skipped",
        ("waiting", "give_up"): "dead",
    },
)
MACHINES: Mapping[str, Machine] = {"incident": DISRUPTION, "maintenance": MAINTENANCE}
ENDED = frozenset({"resolved", "completed", "cancelled"})
NOTICE_STATES = (*DISRUPTION.states, *MAINTENANCE.states)
NOTICE_WORDS: Mapping[str, str] = {**DISRUPTION.names, **MAINTENANCE.names}


def gravest(impacts: Iterable[str]) -> Impact:
    """Return the gravest of `impacts`; "operational" where there is none."""
    given = set(impacts)
    return next((one for one in reversed(IMPACTS) if one in given), "operational")


def acts(kind: str, state: str) -> bool:
    """Return whether a notice in this state says how its components stand now: an announcement does not."""
    return state not in ENDED and (kind == "incident" or state == "in_progress")


@dataclass(frozen=True, slots=True)
class Said:
    """One update of a notice: what it says of each component from `at` (aware UTC) on."""

    at: datetime
    state: str
    impacts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of a component: the gravest that was said of it, and the seconds of each impact."""

    on: date
    worst: Impact
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which one notice said `impact` of a component; `end` is not included."""

    start: datetime
    end: datetime
    impact: str


def spells(kind: str, updates: Sequence[Said], component: str, now: datetime) -> list[Spell]:
    """Return the times of one notice in which `component` did not simply work, until `now` (aware UTC).

    `updates` are those of the notice, oldest first. What still holds ends at `now`.
    """
    found = list[Spell]()
    for index, one in enumerate(updates):
        impact = one.impacts.get(component, "operational")
        until = updates[index + 1].at if index + 1 < len(updates) else now
        if acts(kind, one.state) and impact != "operational" and until > one.at:
            found.append(Spell(one.at, until, impact))
    return found


def days(times: Iterable[Spell], *, today: date, count: int) -> list[Day]:
    """Return the last `count` days (UTC) up to `today`, oldest first, from the spells of one component.

    Where spells overlap, the gravest counts: no second counts twice.
    """
    given = list(times)
    found = list[Day]()
    for back in range(count - 1, -1, -1):
        on = today - timedelta(days=back)
        start = datetime(on.year, on.month, on.day, tzinfo=UTC)
        end = start + timedelta(days=1)
        inside = [
            Spell(max(one.start, start), min(one.end, end), one.impact)
            for one in given
            if one.start < end and one.end > start
        ]
        found.append(Day(on, gravest(one.impact for one in inside), _seconds(inside)))
    return found


def _seconds(inside: Sequence[Spell]) -> dict[str, float]:
    edges = sorted({moment for one in inside for moment in (one.start, one.end)})
    total: dict[str, float] = {}
    for start, end in pairwise(edges):
        impact = gravest(one.impact for one in inside if one.start <= start and one.end >= end)
        if impact != "operational":
            total[impact] = total.get(impact, 0.0) + (end - start).total_seconds()
    return total

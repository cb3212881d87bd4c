"""What an import would make, in words that no system owns; each format is read into these. Pure.

A draft holds references of the other system (`U4DNY931HHJS5`, an address); who and what they are here is
decided afterwards, by `incidents.importing.matching`. Whatever was in the file and is not in the draft is
in `unmapped`, with where it stood and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Literal

Unit = Literal["hour", "day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Something that is not taken over: where it stands in the file, and why, or what to do about it."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """Somebody whom the file names: their reference there, and by what they may be known here."""

    ref: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class StretchDraft:
    """When a layer is on at all: from a time of day to another, on the clock of the schedule.

    `days` are those on which it begins (Monday is 0; none: each day). `last_day` is the weekday on which one
    long stretch of the week ends; None means that it ends on the day on which it began, or on the next.
    """

    starts: time
    ends: time
    days: tuple[int, ...] = ()
    last_day: int | None = None


@dataclass(frozen=True, slots=True)
class LayerDraft:
    """A rotation: groups that take turns of `every` units from `start` on (on the clock of the schedule).

    An empty group is a turn of nobody. Higher `priority` hides lower.
    """

    name: str
    start: datetime
    unit: Unit
    every: int
    groups: tuple[tuple[str, ...], ...]
    stretches: tuple[StretchDraft, ...] = ()
    priority: int = 0
    valid_from: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OverrideDraft:
    """These people (none: nobody) instead of everybody else, from an instant to another (aware)."""

    start: datetime
    end: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleDraft:
    """A schedule: `zone` is the name of its time zone, `team` the name of its team there, if any."""

    ref: str
    name: str
    zone: str
    layers: tuple[LayerDraft, ...] = ()
    overrides: tuple[OverrideDraft, ...] = ()
    team: str = ""


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """Whom a step tells: a person, a schedule or a team, by reference."""

    kind: Literal["person", "schedule", "team"]
    ref: str


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step of an escalation: so long after the beginning, these are told."""

    after: timedelta
    targets: tuple[TargetDraft, ...]


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """An escalation policy. `repeats`: how often it begins anew."""

    ref: str
    name: str
    steps: tuple[StepDraft, ...]
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class MatcherDraft:
    """A condition on a label: `=`, `!=`, `=~` (a regular expression) or `!~`."""

    label: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """Alerts with these labels (all of them; none: every alert) go by this policy."""

    ref: str
    name: str
    matchers: tuple[MatcherDraft, ...]
    policy: str


@dataclass(slots=True)
class Draft:
    """All of one file."""

    people: dict[str, PersonDraft] = field(default_factory=dict)
    schedules: list[ScheduleDraft] = field(default_factory=list)
    policies: list[PolicyDraft] = field(default_factory=list)
    routes: list[RouteDraft] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)

    def skip(self, where: str, why: str) -> None:
        """Note that something is not taken over."""
        self.unmapped.append(Unmapped(where, why))

    def named(self) -> set[str]:
        """Return the references of everybody who has a place in it."""
        found: set[str] = set()
        for schedule in self.schedules:
            found.update(ref for layer in schedule.layers for group in layer.groups for ref in group)
            found.update(ref for override in schedule.overrides for ref in override.people)
        for policy in self.policies:
            found.update(one.ref for step in policy.steps for one in step.targets if one.kind == "person")
        return found


Raw = Mapping[str, Any]
"""An object of a file, as JSON gave it."""

"""Where the demand that is being read applies, and the words that it may use there. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from opsportal.standards.reading import Reader
from opsportal.standards.standing import Climb
from opsportal.standards.vocabulary import Fact, Point, Vocabulary

OWNERS: Mapping[str, tuple[str, ...]] = {
    "change": ("requester", "implementer", "stage"),
    "template": ("requester", "implementer", "stage"),
    "incident": ("responder", "commander", "communications", "declarer"),
    "action_item": ("action_owner",),
}
"""The words for who owes something, by the area of facts at whose events somebody is meant by them."""


@dataclass(frozen=True, slots=True)
class Names:
    """What rules of this pack may name: the vocabulary with the pack's own facts, its roles and checks."""

    vocabulary: Vocabulary
    roles: Collection[str]
    checks: Collection[str]
    policy_hash: str
    figures: Collection[str] = ()

    def owners_at(self, events: Collection[str]) -> tuple[str, ...]:
        """Return the words that mean somebody at every one of these events; all, where none is known."""
        known = [event for name in events if (event := self.vocabulary.events.get(name)) is not None]
        own = [word for event in known for word in event.owners]
        words = dict.fromkeys([*(word for area in OWNERS.values() for word in area), "owner", *own])
        meant = [
            {*event.owners, *(word for area in event.areas for word in OWNERS.get(area, ()))}
            for event in known
        ]
        return tuple(word for word in words if all(word in there for there in meant))

    def facts_at(self, places: Collection[str]) -> dict[str, Fact]:
        """Return the facts that are known at every one of these points or events."""
        known: list[dict[str, Fact]] = []
        for name in places:
            place = self.vocabulary.points.get(name) or self.vocabulary.events.get(name)
            if place is not None:
                known.append(self.vocabulary.known_in(place.areas))
        if not known:
            return dict(self.vocabulary.facts)
        return {name: fact for name, fact in known[0].items() if all(name in other for other in known[1:])}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rule that is being read applies: the points (none for an event), and the facts there.

    `owners` are the words that mean somebody there, `applies_to` the known places that the rule names.
    """

    names: Names
    points: tuple[Point, ...]
    facts: Mapping[str, Fact]
    owners: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()


def read_role(reader: Reader, key: str, name: str, place: Place) -> str:
    """Return `name`, noted where this pack declares no such role."""
    if name not in place.names.roles:
        declared = ", ".join(sorted(place.names.roles)) or "none"
        reader.note(key, f"'{name}' is not a role that this pack declares; declared: {declared}")
    return name


def read_known(
    reader: Reader, key: str, names: Collection[str], what: str, *, required: bool = False
) -> tuple[str, ...]:
    """Return the words of `key`, noted where they are not among `names`."""
    found = reader.words(key, required=required)
    for name in found:
        if name not in names:
            reader.note(
                key, f"'{name[:60]}' is not {what} that is known; known are: {', '.join(sorted(names))}"
            )
    return found


def read_reminders(owe: Reader, within: timedelta) -> tuple[timedelta, ...]:
    """Return the times before the deadline, longest first."""
    times = owe.durations("remind")
    if any(time <= timedelta() or (within and time >= within) for time in times):
        owe.note("remind", "each must be shorter than `within`: it is the time before the deadline")
    return tuple(sorted(set(times), reverse=True))


def read_climbs(owe: Reader, place: Place) -> tuple[Climb, ...]:
    """Return the steps to higher roles, earliest first."""
    climbs: list[Climb] = []
    for step in owe.tables("climb"):
        climb = Climb(
            step.duration("after"), read_role(step, "role", step.text("role", required=True), place)
        )
        step.close()
        climbs.append(climb)
    if len({(climb.after, climb.role) for climb in climbs}) != len(climbs):
        owe.note("climb", "names a step twice")
    return tuple(sorted(climbs, key=lambda climb: climb.after))

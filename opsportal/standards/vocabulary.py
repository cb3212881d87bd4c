"""The closed vocabulary that packs may use: typed facts, the points where gates are asked, events. Pure.

Apps declare theirs in `AppConfig.ready()`: `vocabulary.declare(*facts.DECLARATIONS)`. A pack that
names anything else is refused when it is loaded, not on the night when the rule is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

Scalar = str | int | float | bool | timedelta | datetime
Value = Scalar | tuple[Scalar, ...] | None
"""What a fact may be. `None`, like a fact that is not there at all, means "not known"."""

Facts = Mapping[str, Value]


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DURATION = "duration"
    TIME = "time"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a fact or of an expression.

    `choices` closes a text to some values; `item` is the type of a list's items.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    item: Type | None = None

    def __str__(self) -> str:
        if self.item is not None:
            return f"list of {self.item}"
        if self.choices:
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        return self.kind.value

    def accepts(self, value: object) -> bool:
        """Return whether `value` is of this type; a fact whose value is not counts as not known."""
        match self.kind:
            case Kind.TEXT:
                return isinstance(value, str) and (not self.choices or value in self.choices)
            case Kind.NUMBER:
                if isinstance(value, bool) or not isinstance(value, int | float):
                    return False
                return math.isfinite(value)
            case Kind.BOOLEAN:
                return isinstance(value, bool)
            case Kind.DURATION:
                return isinstance(value, timedelta)
            case Kind.TIME:
                return isinstance(value, datetime) and value.tzinfo is not None
            case Kind.LIST:
                item = self.item
                return (
                    isinstance(value, tuple) and item is not None and all(item.accepts(one) for one in value)
                )


TEXT = Type(Kind.TEXT)
NUMBER = Type(Kind.NUMBER)
BOOLEAN = Type(Kind.BOOLEAN)
DURATION = Type(Kind.DURATION)
TIME = Type(Kind.TIME)


def choice(*values: str) -> Type:
    """Return the type of a text that is one of `values`."""
    return Type(Kind.TEXT, choices=values)


def many(item: Type) -> Type:
    """Return the type of a list of `item`."""
    return Type(Kind.LIST, item=item)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that rules may ask of the world. `title` completes "not known yet: …"."""

    name: str
    type: Type
    title: str
    default: Scalar | None = None

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a form asks and a rule may demand: `fact` says whether it is there."""

    name: str
    title: str
    fact: str


@dataclass(frozen=True, slots=True)
class Point:
    """A moment at which a gate is asked.

    `areas` are the areas of facts that are known there (`change` for `change.risk`), `demands` the
    forms of demand that have a mechanism there. `feeds` names the facts that those forms read, e.g.
    `{"policy_hash": "deployment.policy_hash"}`. `fit` are the states in which a change is approved.
    """

    name: str
    title: str
    areas: tuple[str, ...]
    demands: frozenset[str]
    fields: tuple[Field, ...] = ()
    feeds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fit: tuple[str, ...] = ()

    def field_named(self, name: str) -> Field | None:
        """Return the field of that name which may be demanded here, or None."""
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, on which an obligation may open or end.

    `about` names the kind of subject to which it happens again and again (`asset`, `service`,
    `organisation`), `""` where nothing can be owed of it on a cadence. `owners` are words
    that mean somebody there.
    """

    name: str
    title: str
    areas: tuple[str, ...]
    about: str = ""
    owners: tuple[str, ...] = ()


BY_UNIT = "by_unit"
RANGES = (BY_UNIT, "from_zero", "any")
"""What values a figure can have: what its unit says, nothing below zero, or anything."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that is measured, e.g. `availability`; those that code declares the portal computes.

    `range` says what values it can have: one of `RANGES`.
    """

    id: str
    title: str
    unit: str
    range: str = BY_UNIT

    @property
    def name(self) -> str:
        return self.id


Declaration = Fact | Point | Event | Figure
D = TypeVar("D", Fact, Point, Event, Figure)


@dataclass(frozen=True)
class Vocabulary:
    """Everything that packs may name."""

    facts: Mapping[str, Fact]
    points: Mapping[str, Point]
    events: Mapping[str, Event]
    figures: Mapping[str, Figure] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, declarations: Iterable[Declaration]) -> Vocabulary:
        """Return the vocabulary of these. Raises `ValueError` where a name stands twice, differently."""
        facts: dict[str, Fact] = {}
        points: dict[str, Point] = {}
        events: dict[str, Event] = {}
        figures: dict[str, Figure] = {}
        for one in declarations:
            if isinstance(one, Fact):
                _put(facts, one)
            elif isinstance(one, Point):
                _put(points, one)
            elif isinstance(one, Figure):
                _put(figures, one)
            else:
                _put(events, one)
        return cls(facts, points, events, figures)

    def with_facts(self, facts: Iterable[Fact]) -> Vocabulary:
        """Return this vocabulary and the facts that a pack declares itself (checks and metrics)."""
        known = {**self.facts, **{fact.name: fact for fact in facts}}
        return Vocabulary(known, self.points, self.events, self.figures)

    def known_in(self, areas: Iterable[str]) -> dict[str, Fact]:
        """Return the facts of these areas."""
        wanted = set(areas)
        return {name: fact for name, fact in self.facts.items() if fact.area in wanted}


def _put(names: dict[str, D], one: D) -> None:
    if names.setdefault(one.name, one) != one:
        raise ValueError(f"'{one.name}' is declared already, differently")


_declared: list[Declaration] = []


def declare(*declarations: Declaration) -> None:
    """Add to the vocabulary of this process. Raises `ValueError` for a name that stands differently."""
    Vocabulary.of([*_declared, *declarations])
    _declared.extend(one for one in declarations if one not in _declared)
    _cached.clear()


_cached: list[Vocabulary] = []


def declared() -> Vocabulary:
    """Return the vocabulary that the installed apps have declared."""
    if not _cached:
        _cached.append(Vocabulary.of(_declared))
    return _cached[0]

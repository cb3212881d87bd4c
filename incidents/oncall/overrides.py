"""Exceptions from a schedule's layers: for a time, somebody else is on call. Pure.

Three kinds. `replace`: these people instead of everybody; nobody is allowed, and is a gap. `instead`: this
person instead of that one, only while that one is on call; who came by an `instead` cannot be replaced by
another one. `also`: this person as well. They are applied in the order in which they were created, so that
where they overlap, the one created last wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from incidents.oncall.roles import PRIMARY
from incidents.oncall.zones import moment_instant

Kind = Literal["replace", "instead", "also"]

KINDS: tuple[Kind, ...] = ("replace", "instead", "also")


@dataclass(frozen=True)
class Override:
    """One exception. `start` to `end` and `cancelled_at` are aware; from a cancellation on it has no effect.

    `number` says which was created last: higher is later. `people` are ids, `instead_of` is one, used by
    `instead` alone. An empty `role` means every role; who comes into none by it becomes primary.
    """

    number: int
    kind: Kind
    start: datetime
    end: datetime
    people: tuple[str, ...] = ()
    instead_of: str = ""
    role: str = ""
    cancelled_at: datetime | None = None

    @cached_property
    def begins(self) -> int:
        return moment_instant(self.start)

    @cached_property
    def ends(self) -> int:
        """The instant at which its effect is over."""
        end = moment_instant(self.end)
        return end if self.cancelled_at is None else min(end, moment_instant(self.cancelled_at))

    def concerns(self, role: str) -> bool:
        """Return whether it is about people who are on call as `role`."""
        return not self.role or self.role == role


@dataclass(frozen=True, slots=True)
class Duty:
    """One person on call: who, as what, and why.

    By a layer, `layer` is its name; by an override, `override` is its number, and `layer` the one that the
    person stands in, if any. `instead_of` is whose place they took.
    """

    user_id: str
    role: str
    layer: str = ""
    override: int | None = None
    instead_of: str = ""


def kind_named(text: str) -> Kind:
    """Return the kind of this name. Raises `ValueError` for another one."""
    for kind in KINDS:
        if kind == text:
            return kind
    raise ValueError(text)


def in_order(overrides: Iterable[Override]) -> tuple[Override, ...]:
    """Return those that have an effect at all, the one created last at the end."""
    return tuple(sorted((one for one in overrides if one.begins < one.ends), key=lambda one: one.number))


def apply(duties: Sequence[Duty], overrides: Iterable[Override]) -> tuple[Duty, ...]:
    """Return who is on call after the overrides that are in force, given in the order of their creation."""
    standing = list(duties)
    for one in overrides:
        standing = _APPLY[one.kind](standing, one)
    return _once_each(standing)


def _replace(standing: list[Duty], one: Override) -> list[Duty]:
    kept = [duty for duty in standing if not one.concerns(duty.role)]
    return [*kept, *(Duty(person, one.role or PRIMARY, override=one.number) for person in one.people)]


def _instead(standing: list[Duty], one: Override) -> list[Duty]:
    found: list[Duty] = []
    for duty in standing:
        if (duty.instead_of or duty.user_id) != one.instead_of or not one.concerns(duty.role):
            found.append(duty)
            continue
        found += [Duty(person, duty.role, duty.layer, one.number, one.instead_of) for person in one.people]
    return found


def _also(standing: list[Duty], one: Override) -> list[Duty]:
    return [*standing, *(Duty(person, one.role or PRIMARY, override=one.number) for person in one.people)]


_APPLY = {"replace": _replace, "instead": _instead, "also": _also}


def _once_each(standing: Iterable[Duty]) -> tuple[Duty, ...]:
    """Return each person once in each role, by the first of the reasons."""
    found: dict[tuple[str, str], Duty] = {}
    for duty in standing:
        found.setdefault((duty.role, duty.user_id), duty)
    return tuple(found.values())

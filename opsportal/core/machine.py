"""State machines as one table: the documentation, the buttons, the tests and the CHECK constraint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import models

from opsportal.core.errors import IllegalMove


@dataclass(frozen=True)
class Machine:
    """A table `(state, verb) -> state`, pure.

    `names` gives each state its words for people; a state that has none is a programming error. `told` has
    the words of a verb where callers know it by others; `seldom` are moves that few subjects may make: a
    refusal does not name them as a way out.
    """

    subject: str
    initial: str
    names: Mapping[str, str]
    moves: Mapping[tuple[str, str], str]
    told: Mapping[str, str] = field(default_factory=dict)
    seldom: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        reached = {self.initial, *self.moves.values(), *(state for state, _ in self.moves)}
        if reached != set(self.names):
            raise ValueError(f"{self.subject}: states and names differ: {reached ^ set(self.names)}")

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.names)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return list(self.names.items())

    def verbs(self, state: str) -> frozenset[str]:
        """Return the verbs that lead on from `state`."""
        return frozenset(verb for here, verb in self.moves if here == state)

    def can(self, state: str, verb: str) -> bool:
        return (state, verb) in self.moves

    def move(self, state: str, verb: str) -> str:
        """Return the state that `verb` leads to. Raises `IllegalMove` where the table has no entry."""
        try:
            return self.moves[state, verb]
        except KeyError:
            usual = [one for one in self.verbs(state) if (state, one) not in self.seldom]
            possible = ", ".join(sorted(self.told.get(one, one) for one in usual)) or "nothing any more"
            raise IllegalMove(
                f"'{self.told.get(verb, verb)}' is not possible while this {self.subject} is"
                f" {self.names.get(state, state).lower()}; possible: {possible}."
            ) from None

    def constraint(self, name: str, field: str = "state") -> models.CheckConstraint:
        """Return the CHECK constraint that keeps any other state out of the table."""
        return models.CheckConstraint(name=name, condition=models.Q(**{f"{field}__in": list(self.states)}))

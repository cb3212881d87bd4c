"""Conditions of an approval as the page of a change shows them, each with its reader's steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from changes.services.conditions import may_do
from opsportal.approvals.models import Condition
from opsportal.approvals.services import may_confirm
from opsportal.approvals.states import CONDITION
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Owner


@dataclass(frozen=True, slots=True)
class Line:
    """One condition, and what its reader may do with it."""

    condition: Condition
    may_do: bool
    may_confirm: bool
    may_withdraw: bool

    @property
    def words(self) -> str:
        return CONDITION.names[self.condition.state]


def condition_lines(
    conditions: Iterable[Condition], people: Mapping[str, Owner], actor: Actor, now: datetime
) -> list[Line]:
    """Return the conditions of the live round with the steps of their reader."""
    return [
        Line(
            one,
            may_do=one.state == "open" and may_do(actor, people),
            may_confirm=one.state == "done" and may_confirm(actor, one, now),
            may_withdraw=not one.is_met and actor.is_user and actor.id == str(one.vote.voter_id),
        )
        for one in conditions
        if one.state != "void"
    ]

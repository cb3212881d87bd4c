"""Meeting the conditions of an approval: done by who carries the change out, confirmed by who decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from changes.models import Change
from changes.services.condition_duties import (
    DONE,
    SETTLED,
    condition_tell,
    conditions_owed,
    confirmation_owed,
    duty_end,
)
from changes.services.scene import KIND, Scene, scene_locked
from opsportal.approvals import services as approvals
from opsportal.approvals.models import Condition
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden
from opsportal.core.writes import write
from opsportal.obligations.terms import Owner


def change_condition_do(*, actor: Actor, now: datetime, pk: int, number: int, evidence: object) -> Change:
    """Say that a condition is done, and what shows it; return the change.

    Raises `NotFound`, `Forbidden` for anybody but who owes it, `InvalidInput`, `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene, condition = _locked(pk, number)
        if not may_do(actor, scene.people()):
            raise Forbidden("Whoever carries the change out says that a condition is met.")
        approvals.condition_do(actor=actor, now=now, condition=condition, evidence=evidence)
        confirmation_owed(scene, condition, actor=actor, now=now)
        condition_tell(scene, condition, actor=actor, now=now, event=DONE)
        return scene.change


def change_condition_confirm(*, actor: Actor, now: datetime, pk: int, number: int) -> Change:
    """Confirm that a condition is met, and return the change.

    Raises `NotFound`, `Forbidden` (see `approvals.may_confirm`) and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene, condition = _locked(pk, number)
        approvals.condition_confirm(actor=actor, now=now, condition=condition)
        duty_end(scene, condition, actor=actor, now=now, outcome="met")
        condition_tell(scene, condition, actor=actor, now=now, event=SETTLED)
        return scene.change


def change_condition_return(*, actor: Actor, now: datetime, pk: int, number: int, reason: object) -> Change:
    """Send a condition back that is not met yet, with the reason, and return the change.

    Raises `NotFound`, `Forbidden`, `InvalidInput` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene, condition = _locked(pk, number)
        duty_end(scene, condition, actor=actor, now=now, outcome="met")
        approvals.condition_return(actor=actor, now=now, condition=condition, reason=reason)
        conditions_owed(scene, [condition], actor=actor, now=now)
        condition_tell(scene, condition, actor=actor, now=now, event=SETTLED)
        return scene.change


def change_condition_withdraw(
    *, actor: Actor, now: datetime, pk: int, number: int, reason: object = ""
) -> Change:
    """Withdraw a condition that one has set, and return the change.

    Raises `NotFound`, `Forbidden`, `InvalidInput` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene, condition = _locked(pk, number)
        approvals.condition_withdraw(actor=actor, now=now, condition=condition, reason=reason)
        duty_end(scene, condition, actor=actor, now=now, outcome="void")
        condition_tell(scene, condition, actor=actor, now=now, event=SETTLED)
        return scene.change


def may_do(actor: Actor, people: Mapping[str, Owner]) -> bool:
    """Return whether `actor` is who owes the conditions: the implementer, or who answers for the change."""
    return actor.is_user and people["implementer"] == Owner.user(actor.id)


def _locked(pk: int, number: int) -> tuple[Scene, Condition]:
    scene = scene_locked(pk)
    return scene, approvals.condition_locked(KIND, scene.key, number)

"""Conflicts of interest on a change, and counting votes anew where who may vote has changed."""

from __future__ import annotations

from datetime import datetime

from changes.models import Change
from changes.models.changes import PREFIX
from changes.services.events import topic
from changes.services.rounds import excuse_from_round, take_result
from changes.services.scene import KIND, scene_locked
from changes.services.template_rounds import template_recount
from changes.services.votes import require_open
from opsportal.approvals.selectors import rounds_to_recount
from opsportal.approvals.services import approval_recount, approval_recuse
from opsportal.core.actor import Actor
from opsportal.core.keys import number_of
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

RECUSED = "recused"
RECOUNT = "changes.recount"
ACTOR = Actor.system("changes.recount")


def change_recuse(*, actor: Actor, now: datetime, pk: int, reason: object) -> Change:
    """State a conflict of interest and return the change, moved on where that decides it.

    Raises `NotFound`, `IllegalMove`, `Forbidden`, `InvalidInput` and `Conflict`, as `approval_recuse`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "vote", now)
        require_open(scene.change, "approve")
        result = approval_recuse(
            actor=actor, now=now, subject_kind=KIND, subject_key=scene.key, reason=reason
        )
        excuse_from_round(scene, actor.id, actor=actor, now=now)
        outbox_put(
            now=now,
            topic=topic(RECUSED),
            key=scene.key,
            payload={
                "change": scene.change.pk,
                "key": scene.key,
                "actor": str(actor),
                "request": result.request.pk,
            },
        )
        take_result(scene, result, actor=actor, now=now)
        return scene.change


def change_recount(*, actor: Actor, now: datetime, pk: int) -> Change:
    """Count the open stages of a change anew and return it, moved on where that decides it."""
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        result = approval_recount(actor=actor, now=now, subject_kind=KIND, subject_key=scene.key)
        if result is not None:
            take_result(scene, result, actor=actor, now=now)
        return scene.change


def recounts_ask(*, now: datetime) -> int:
    """Put a message for each round that would be decided if it were counted now; return how many.

    Each is then counted in a transaction of its own. Nothing is lost by asking twice.
    """
    with write(actor=ACTOR, now=now):
        rounds = list(rounds_to_recount(now))
        for request in rounds:
            payload = {"kind": request.subject_kind, "key": request.subject_key}
            outbox_put(now=now, topic=RECOUNT, key=request.subject_key, payload=payload)
        return len(rounds)


def recount(*, now: datetime, kind: str, key: str) -> None:
    """Count the votes on one change or template anew."""
    number = number_of(key, PREFIX) if kind == KIND else None
    if number is not None:
        change_recount(actor=ACTOR, now=now, pk=number)
    elif kind == "template":
        template_recount(actor=ACTOR, now=now, slug=key)

"""Votes on a change. The one that decides moves it, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from changes.models import Change
from changes.services.condition_duties import SET, condition_tell, conditions_owed
from changes.services.rounds import excuse_voter, take_result
from changes.services.scene import KIND, scene_locked
from changes.states import CHANGE
from opsportal.approvals.outcome import Decision
from opsportal.approvals.services import approval_vote
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Stale
from opsportal.core.writes import write


def change_vote(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    decision: Decision,
    content_hash: str,
    comment: object = "",
    stage: str = "",
    on_behalf_of: str = "",
    conditions: Sequence[object] = (),
) -> Change:
    """Cast a vote and return the change, moved on where the vote decides it.

    `content_hash` is of what the voter saw; `stage` (its id) may be left out where they may vote in one
    stage only, `on_behalf_of` (the id of a member who is away) by whoever stands in for one only. Each of
    `conditions` of a yes becomes a task, and the change does not start before all are confirmed. Raises
    `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, `InvalidInput`, and `Conflict` with code
    `voting_closed`, `already_voted`, `stage_not_open`, `own_seat_first` or `needed_elsewhere`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "vote", now)
        if content_hash != change.content_hash:
            raise Stale("This change was edited after you read it. Read it again, then vote.")
        require_open(change, decision.value)
        result = approval_vote(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=scene.key,
            decision=decision,
            content_hash=content_hash,
            comment=comment,
            stage=stage,
            on_behalf_of=on_behalf_of,
            conditions=conditions,
        )
        conditions_owed(scene, result.conditions, actor=actor, now=now)
        for condition in result.conditions:
            condition_tell(scene, condition, actor=actor, now=now, event=SET)
        excuse_voter(scene, result.vote, result.stage, actor=actor, now=now)
        take_result(scene, result, actor=actor, now=now)
        return change


def require_open(change: Change, verb: str) -> None:
    """Raise `IllegalMove` for a draft, `Conflict` with code `voting_closed` where it is decided."""
    if change.state == "draft":
        CHANGE.move(change.state, verb)  # says what is possible instead
    if change.state != "in_review" and change.retrospective_state != "open":
        raise Conflict("Voting on this change is over.", code="voting_closed")

"""What conditions of an approval make people owe, and what they stand in the way of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from changes.services.events import topic
from changes.services.scene import KIND, Scene
from opsportal.approvals.models import Condition
from opsportal.approvals.selectors import unmet_conditions
from opsportal.core.actor import Actor
from opsportal.core.errors import Reason
from opsportal.obligations.services import obligation_excuse, obligation_open, obligations_end
from opsportal.obligations.terms import Owner
from opsportal.outbox.services import outbox_put

SET = "condition_set"
DONE = "condition_done"
SETTLED = "condition_settled"
"""The events of a condition that somebody is told of."""
CONDITION_RULE = "portal.condition"
CONFIRMATION_RULE = "portal.condition-confirmation"
WITHIN = timedelta(hours=48)
"""How long there is to meet a condition of a change whose window is not ahead."""
TO_CONFIRM = timedelta(hours=24)


def conditions_owed(scene: Scene, conditions: Iterable[Condition], *, actor: Actor, now: datetime) -> None:
    """Let whoever carries the change out owe these conditions, before its window or within 48 hours."""
    start = scene.change.window_start
    due_at = start if start is not None and start > now else now + WITHIN
    for condition in conditions:
        obligation_open(
            actor=actor,
            now=now,
            rule=CONDITION_RULE,
            standard_hash=scene.change.standard_hash,
            subject=scene.subject,
            occurrence=_occurrence(scene, condition),
            what=f"Meet the condition: {condition.text}",
            owner=scene.people()["implementer"],
            due_at=due_at,
            remind=((due_at - now) / 4,),
            blocks=("change.start",),
        )


def condition_tell(scene: Scene, condition: Condition, *, actor: Actor, now: datetime, event: str) -> None:
    """Put the word of what happened to a condition for those whom it concerns."""
    outbox_put(
        now=now,
        topic=topic(event),
        key=scene.key,
        payload={
            "change": scene.change.pk,
            "key": scene.key,
            "actor": str(actor),
            "condition": condition.pk,
            "state": condition.state,
            "tries": condition.tries,
        },
    )


def confirmation_owed(scene: Scene, condition: Condition, *, actor: Actor, now: datetime) -> None:
    """Let those who decide in its stage owe the confirmation of a condition that is done, within a day."""
    duty_end(scene, condition, actor=actor, now=now, outcome="met")
    stage = condition.stage
    services, teams = stage.services_and_teams
    obligation_open(
        actor=actor,
        now=now,
        rule=CONFIRMATION_RULE,
        standard_hash=scene.change.standard_hash,
        subject=scene.subject,
        occurrence=_occurrence(scene, condition),
        what=f"Confirm the condition: {condition.text}",
        owner=Owner.role(*stage.role_slugs, services=services, teams=teams),
        due_at=now + TO_CONFIRM,
        remind=(TO_CONFIRM / 4,),
        blocks=("change.start",),
    )
    for person in sorted({*condition.request.excluded_people, str(condition.done_by_id)}):
        obligation_excuse(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=scene.key,
            person=person,
            rule_ids=[CONFIRMATION_RULE],
            occurrence=_occurrence(scene, condition),
        )


def duty_end(
    scene: Scene, condition: Condition, *, actor: Actor, now: datetime, outcome: Literal["met", "void"]
) -> None:
    """End what is owed for a condition at present."""
    obligations_end(
        actor=actor,
        now=now,
        subject_kind=KIND,
        subject_key=scene.key,
        rule_ids=[CONDITION_RULE, CONFIRMATION_RULE],
        outcome=outcome,
        occurrence=_occurrence(scene, condition),
    )


def condition_reasons(key: str) -> Iterator[Reason]:
    """Yield a reason for each condition of the approval of a change that is not confirmed yet."""
    for condition in unmet_conditions(KIND, key):
        todo = (
            "It is done: have somebody of that stage confirm it."
            if condition.state == "done"
            else "Meet it, and have it confirmed."
        )
        yield Reason(
            "condition_open",
            CONDITION_RULE,
            f"Approved in “{condition.stage.title}” on the condition: {condition.text}. {todo}",
        )


def _occurrence(scene: Scene, condition: Condition) -> str:
    return f"{scene.round}:condition-{condition.pk}.{condition.tries}"

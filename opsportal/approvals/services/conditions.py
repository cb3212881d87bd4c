"""Conditions of a yes: set with the vote, done, confirmed, sent back, withdrawn, void with the round.

Whoever calls holds the lock of the subject, and says who may do them: this room does not know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from opsportal.approvals.models import ApprovalRequest, Condition, Vote
from opsportal.approvals.models.conditions import MAX_CONDITION, MAX_CONDITIONS, MAX_EVIDENCE, MAX_REMARK
from opsportal.approvals.selectors import seats_for
from opsportal.approvals.states import CONDITION
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, Forbidden, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.writes import write


def clean_conditions(values: Sequence[object]) -> list[str]:
    """Return the texts of the conditions of a vote, each once. Raises `InvalidInput`, by their place."""
    if len(values) > MAX_CONDITIONS:
        raise InvalidInput.of("conditions", "too_many", f"At most {MAX_CONDITIONS} conditions.")
    texts: list[str] = []
    errors: list[FieldError] = []
    for index, value in enumerate(values):
        try:
            text = clean_text(
                value, field=f"conditions/{index}", max_length=MAX_CONDITION, required=True, lines=False
            )
        except InvalidInput as refusal:
            errors += refusal.errors
        else:
            texts.append(text)
    if errors:
        raise InvalidInput(errors)
    return list(dict.fromkeys(texts))


def conditions_set(vote: Vote, texts: Sequence[str]) -> tuple[Condition, ...]:
    """Store the conditions of a vote, inside the write under way."""
    return tuple(
        Condition.objects.create(request=vote.request, stage=vote.stage, vote=vote, text=text)
        for text in texts
    )


def condition_locked(subject_kind: str, subject_key: str, pk: int) -> Condition:
    """Return a condition of this subject with its row locked. Raises `NotFound`."""
    row = (
        Condition.objects.select_for_update(of=("self",))
        .select_related("request", "stage__request", "vote")
        .filter(pk=pk, request__subject_kind=subject_kind, request__subject_key=subject_key)
        .first()
    )
    if row is None:
        raise NotFound("There is no such condition.")
    return row


def condition_do(*, actor: Actor, now: datetime, condition: Condition, evidence: object) -> Condition:
    """Note that a locked condition is done, with what shows it. Raises `InvalidInput` and `IllegalMove`."""
    with write(actor=actor, now=now):
        state = CONDITION.move(condition.state, "do")
        condition.evidence = clean_text(evidence, field="evidence", max_length=MAX_EVIDENCE, required=True)
        condition.state, condition.done_at, condition.done_by_id = state, now, UUID(actor.id)
        return _saved(condition, actor, now, "done")


def condition_confirm(*, actor: Actor, now: datetime, condition: Condition) -> Condition:
    """Confirm that a locked condition is met. Raises `Forbidden` (see `require_confirmer`), `IllegalMove`."""
    with write(actor=actor, now=now):
        require_confirmer(actor, condition, now)
        condition.state = CONDITION.move(condition.state, "confirm")
        condition.settled_at, condition.settled_by_id = now, UUID(actor.id)
        return _saved(condition, actor, now, "confirmed")


def condition_return(*, actor: Actor, now: datetime, condition: Condition, reason: object) -> Condition:
    """Send a locked condition back, with the reason. Raises `Forbidden`, `InvalidInput`, `IllegalMove`."""
    with write(actor=actor, now=now):
        require_confirmer(actor, condition, now)
        state = CONDITION.move(condition.state, "return")
        condition.remark = clean_text(reason, field="reason", max_length=MAX_REMARK, required=True)
        condition.state, condition.done_at, condition.done_by = state, None, None
        condition.tries += 1
        return _saved(condition, actor, now, "returned")


def condition_withdraw(*, actor: Actor, now: datetime, condition: Condition, reason: object) -> Condition:
    """Withdraw a locked condition, which only its voter may.

    Raises `Forbidden`, `InvalidInput` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        if not actor.is_user or actor.id != str(condition.vote.voter_id):
            raise Forbidden("Only whoever has set a condition may withdraw it.")
        state = CONDITION.move(condition.state, "withdraw")
        condition.remark = clean_text(reason, field="reason", max_length=MAX_REMARK)
        condition.state, condition.settled_at, condition.settled_by_id = state, now, UUID(actor.id)
        return _saved(condition, actor, now, "withdrawn")


def conditions_void(request: ApprovalRequest) -> tuple[Condition, ...]:
    """Void the conditions of a round that counts no more, inside the write under way, and return them."""
    rows = [row for row in request.conditions.select_for_update() if CONDITION.can(row.state, "void")]
    for row in rows:
        row.state = CONDITION.move(row.state, "void")
        row.save()
    return tuple(rows)


def may_confirm(actor: Actor, condition: Condition, now: datetime) -> bool:
    """Return whether `actor` may confirm or send back: the voter, or who may fill a seat of that stage.

    Never who requested, wrote or carries it out, nor who says that it is done.
    """
    if not actor.is_user or actor.id in {*condition.request.excluded_people, str(condition.done_by_id)}:
        return False
    person = UUID(actor.id)
    return person == condition.vote.voter_id or bool(seats_for([condition.stage], person, now))


def require_confirmer(actor: Actor, condition: Condition, now: datetime) -> None:
    """Raise `Forbidden` unless `may_confirm`."""
    if not may_confirm(actor, condition, now):
        raise Forbidden(
            "Only whoever has set the condition, or somebody else who may vote in its stage, confirms it;"
            " never who carries it out."
        )


def _saved(condition: Condition, actor: Actor, now: datetime, event: str) -> Condition:
    condition.save()
    audit_record(
        actor=actor,
        now=now,
        action=f"condition.{event}",
        object_kind=condition.request.subject_kind,
        object_key=condition.request.subject_key,
        data={"condition": condition.pk, "stage": condition.stage.stage_id, "state": condition.state},
    )
    return condition

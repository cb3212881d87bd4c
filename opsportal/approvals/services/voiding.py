"""What ends a round of approval other than votes, and who is kept out of it later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Condition
from opsportal.approvals.services.conditions import conditions_void
from opsportal.approvals.services.rows import live_locked_or_none
from opsportal.approvals.states import REQUEST, STAGE
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.obligations.terms import joined


@dataclass(frozen=True, slots=True)
class Voided:
    """The round that counts no more, its stages that were open, and its conditions."""

    request: ApprovalRequest
    dropped: tuple[ApprovalStage, ...]
    conditions: tuple[Condition, ...] = ()


def approval_void(*, actor: Actor, now: datetime, subject_kind: str, subject_key: str) -> Voided | None:
    """End the live round of a subject, decided or not, so that none of its votes count any more.

    Returns None where there is no live round.
    """
    with write(actor=actor, now=now):
        request = live_locked_or_none(subject_kind, subject_key)
        if request is None:
            return None
        dropped = [stage for stage in request.stages.all() if STAGE.can(stage.state, "void")]
        were_open = tuple(stage for stage in dropped if stage.state == "open")
        for stage in dropped:
            stage.state = STAGE.move(stage.state, "void")
            stage.save()
        request.state = REQUEST.move(request.state, "void")
        request.voided_at = now
        request.save()
        return Voided(request, were_open, conditions_void(request))


def approval_exclude(
    *, actor: Actor, now: datetime, subject_kind: str, subject_key: str, person: str
) -> ApprovalRequest | None:
    """Keep one more person (a user's id) from voting in the live round: they carry it out.

    A vote that they have cast stays. Returns None where there is no live round.
    """
    with write(actor=actor, now=now):
        request = live_locked_or_none(subject_kind, subject_key)
        if request is not None and person not in request.excluded_people:
            request.excluded = joined(sorted({*request.excluded_people, person}))
            request.save()
        return request

"""Counting a round anew, where who may vote has changed since the last vote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.services.deciding import settle
from opsportal.approvals.services.rows import live_locked_or_none
from opsportal.approvals.services.tallies import tallies_of
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.writes import write


@dataclass(frozen=True, slots=True)
class RoundResult:
    """Where a round stands now, and the stages that were decided, opened or dropped."""

    request: ApprovalRequest
    decided: tuple[ApprovalStage, ...]
    opened: tuple[ApprovalStage, ...]
    dropped: tuple[ApprovalStage, ...]

    @property
    def has_moved(self) -> bool:
        return bool(self.decided or self.opened or self.dropped)


def approval_recount(
    *, actor: Actor, now: datetime, subject_kind: str, subject_key: str
) -> RoundResult | None:
    """Count the open stages of the live round anew and return what came of it; None where nothing did.

    For when members leave a board or are kept out: a quorum that the votes have reached by that is
    reached, one that cannot be reached any more is a rejection. Twice does no more than once.
    """
    with write(actor=actor, now=now):
        request = live_locked_or_none(subject_kind, subject_key)
        if request is None or request.state != "open":
            return None
        result = recount_locked(request, now)
        if not result.has_moved:
            return None
        audit_record(
            actor=actor,
            now=now,
            action="approval.recounted",
            object_kind=subject_kind,
            object_key=subject_key,
            data={
                "request": request.pk,
                "stages": [stage.stage_id for stage in result.decided],
                "state": request.state,
            },
        )
        return result


def recount_locked(request: ApprovalRequest, now: datetime) -> RoundResult:
    """Count the open stages of a locked round anew, inside the write under way."""
    stages = list(request.stages.order_by("position"))
    for stage in stages:
        stage.request = request
    votes = list(Vote.objects.filter(request=request))
    settled = settle(request, stages, tallies_of(stages, votes, now), now=now)
    return RoundResult(request, settled.decided, settled.opened, settled.dropped)

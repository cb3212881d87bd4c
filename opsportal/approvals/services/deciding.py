"""Writing down what the votes amount to, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from opsportal.approvals.models import ApprovalRequest, ApprovalStage
from opsportal.approvals.outcome import Ballot, Tally, outcome
from opsportal.approvals.states import REQUEST, STAGE
from opsportal.core.storing import update

_STAGE_VERBS = {"open": "open", "approved": "approve", "rejected": "reject", "void": "void"}
_REQUEST_VERBS = {"approved": "approve", "rejected": "reject"}


@dataclass(frozen=True, slots=True)
class Settled:
    """The stages that have just opened, were decided, or will not be decided any more."""

    opened: tuple[ApprovalStage, ...]
    decided: tuple[ApprovalStage, ...]
    dropped: tuple[ApprovalStage, ...]


def settle(
    request: ApprovalRequest,
    stages: Sequence[ApprovalStage],
    tallies: Mapping[int, Tally],
    *,
    now: datetime,
) -> Settled:
    """Move a locked request and its stages to where the votes put them, and return what moved.

    `tallies` holds the votes of each open stage by its primary key; a stage without one has no votes.
    """
    reached = outcome([_ballot(stage, tallies.get(stage.pk, Tally())) for stage in stages])
    moved: dict[str, list[ApprovalStage]] = {"open": [], "approved": [], "rejected": [], "void": []}
    for stage, state in zip(stages, reached.stages, strict=True):
        if state != stage.state:
            _move_stage(stage, state, now)
            moved[state].append(stage)
    if reached.request != request.state:
        request.state = REQUEST.move(request.state, _REQUEST_VERBS[reached.request])
        request.decided_at = now
        update(request)
    return Settled(tuple(moved["open"]), tuple(moved["approved"] + moved["rejected"]), tuple(moved["void"]))


def _ballot(stage: ApprovalStage, tally: Tally) -> Ballot:
    return Ballot(stage.order, stage.quorum_value, stage.reject_value, stage.state, tally)


def _move_stage(stage: ApprovalStage, state: str, now: datetime) -> None:
    stage.state = STAGE.move(stage.state, _STAGE_VERBS[state])
    if state == "open":
        stage.opened_at = now
    elif state in {"approved", "rejected"}:
        stage.decided_at = now
    update(stage)

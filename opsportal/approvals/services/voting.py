"""One vote, under the lock of its request: counted once, and only while it still can count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.outcome import Decision, Tally
from opsportal.approvals.selectors import eligible
from opsportal.approvals.services.deciding import settle
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, Stale
from opsportal.core.text import clean_text
from opsportal.core.writes import write

MAX_COMMENT = 4_000


@dataclass(frozen=True, slots=True)
class VoteResult:
    """What a vote came to: the request's state, and the stages that it decided, opened or dropped."""

    request: ApprovalRequest
    vote: Vote
    stage: ApprovalStage
    decided: tuple[ApprovalStage, ...]
    opened: tuple[ApprovalStage, ...]
    dropped: tuple[ApprovalStage, ...]


def approval_vote(
    *,
    actor: Actor,
    now: datetime,
    subject_kind: str,
    subject_key: str,
    decision: Decision,
    content_hash: str,
    comment: object = "",
    stage: str = "",
) -> VoteResult:
    """Cast a vote on the live round of a subject and return what it came to.

    `content_hash` is of what the voter saw. `stage` is the stage's id; it may be left out where the
    voter may vote in one stage only. Raises `Forbidden` (no person, kept out by the separation of
    duties, not a holder of the role today), `Stale` (the content has moved on), `Conflict` with code
    `voting_closed`, `already_voted` or `stage_not_open`, and `InvalidInput`.
    """
    with write(actor=actor, now=now):
        request = _locked(subject_kind, subject_key)
        text = clean_text(comment, field="comment", max_length=MAX_COMMENT)
        _refuse_who_never_may(actor, request)
        if content_hash != request.content_hash:
            raise Stale("What you saw has changed in the meantime. Read it again, then vote.")
        if request.state != "open":
            raise Conflict("Voting on this is over.", code="voting_closed")
        stages = list(request.stages.order_by("position"))
        votes = list(Vote.objects.filter(request=request))
        today = now.astimezone(UTC).date()
        chosen = _stage_for(actor, stages, votes, stage, today)
        vote = Vote.objects.create(
            request=request,
            stage=chosen,
            voter_id=UUID(actor.id),
            hat=chosen.hat,
            decision=decision,
            content_hash=content_hash,
            comment=text,
            cast_at=now,
        )
        # A vote uses its caster up in the other open stages, too: all of them are counted anew.
        cast = [*votes, vote]
        tallies = {one.pk: _tally(one, cast, today) for one in stages if one.state == "open"}
        settled = settle(request, stages, tallies, now=now)
        audit_record(
            actor=actor,
            now=now,
            action="approval.voted",
            object_kind=subject_kind,
            object_key=subject_key,
            data={
                "content_hash": content_hash,
                "decision": decision.value,
                "request": request.pk,
                "stage": chosen.stage_id,
                "stage_state": chosen.state,
                "state": request.state,
            },
        )
        return VoteResult(request, vote, chosen, settled.decided, settled.opened, settled.dropped)


def _locked(subject_kind: str, subject_key: str) -> ApprovalRequest:
    request = (
        ApprovalRequest.objects.select_for_update()
        .filter(subject_kind=subject_kind, subject_key=subject_key)
        .exclude(state="void")
        .first()
    )
    if request is None:
        raise Conflict("There is nothing to vote on here now.", code="voting_closed")
    return request


def _refuse_who_never_may(actor: Actor, request: ApprovalRequest) -> None:
    if not actor.is_user:
        raise Forbidden("Only people vote; a service account never can.")
    if actor.id in request.excluded_people:
        raise Forbidden(
            "You requested, wrote or carry out what is to be approved: somebody else has to decide it."
        )


def _stage_for(
    actor: Actor, stages: list[ApprovalStage], votes: list[Vote], wanted: str, today: date
) -> ApprovalStage:
    if wanted and wanted not in {stage.stage_id for stage in stages}:
        known = ", ".join(stage.stage_id for stage in stages)
        raise InvalidInput.of("stage", "unknown", f"There is no such stage; known are: {known}.")
    named = [stage for stage in stages if not wanted or stage.stage_id == wanted]
    mine = [stage for stage in named if eligible(stage, today).filter(pk=actor.id).exists()]
    own = {vote.hat for vote in votes if str(vote.voter_id) == actor.id}
    free = [stage for stage in mine if stage.hat not in own]
    if own and not free:
        raise Conflict("You have voted already; nobody votes twice.", code="already_voted")
    if not mine:
        raise Forbidden(f"Only {_who(named)} may vote on this.")
    fitting = [stage for stage in free if stage.state == "open"]
    if not fitting:
        raise _too_early_or_late(free)
    if len(fitting) > 1:
        ids = ", ".join(stage.stage_id for stage in fitting)
        raise InvalidInput.of("stage", "ambiguous", f"You may vote in several stages; name one of: {ids}.")
    return fitting[0]


def _too_early_or_late(stages: list[ApprovalStage]) -> Conflict:
    waiting = next((stage for stage in stages if stage.state == "waiting"), None)
    if waiting is None:
        return Conflict("The stage in which you could vote is decided.", code="voting_closed")
    return Conflict(
        f"The stage “{waiting.title}” opens when the stages before it are approved.", code="stage_not_open"
    )


def _who(stages: list[ApprovalStage]) -> str:
    roles = sorted({slug for stage in stages for slug in stage.role_slugs})
    return "holders of " + " or ".join(f"“{slug}”" for slug in roles)


def _tally(stage: ApprovalStage, votes: list[Vote], today: date) -> Tally:
    used_up = {vote.voter_id for vote in votes if vote.hat == stage.hat}
    remaining = eligible(stage, today).exclude(pk__in=used_up).count()
    return Tally.of([vote.decision for vote in votes if vote.stage_id == stage.pk], remaining=remaining)

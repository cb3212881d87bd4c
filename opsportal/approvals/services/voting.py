"""One vote, under the lock of its request: counted once, and only while it still can count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Condition, Recusal, Vote
from opsportal.approvals.outcome import Decision, Tally, decide
from opsportal.approvals.selectors import seats_for
from opsportal.approvals.services.conditions import clean_conditions, conditions_set
from opsportal.approvals.services.deciding import settle
from opsportal.approvals.services.recounting import RoundResult
from opsportal.approvals.services.rows import live_locked
from opsportal.approvals.services.tallies import tallies_of
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, Stale
from opsportal.core.statements import Objects
from opsportal.core.text import clean_text
from opsportal.core.writes import write

MAX_COMMENT = 4_000


_STAGES = Objects(
    lambda marks: ApprovalStage.objects.filter(request=marks.number("request")).order_by("position")
)
_VOTES = Objects(lambda marks: Vote.objects.filter(request=marks.number("request")).order_by("id"))


@dataclass(frozen=True, slots=True)
class VoteResult(RoundResult):
    """What a vote came to."""

    vote: Vote
    stage: ApprovalStage
    conditions: tuple[Condition, ...] = ()


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
    on_behalf_of: str = "",
    conditions: Sequence[object] = (),
) -> VoteResult:
    """Cast a vote on the live round of a subject and return what it came to.

    `content_hash` is of what the voter saw. `stage` is the stage's id; it may be left out where the
    voter may vote in one stage only. `on_behalf_of` is the id of the member who is away and in whose
    place they vote; left out, it is their own vote, or that of the only one they stand in for. A yes may
    be tied to `conditions`, texts of one line. Raises
    `Forbidden` (no person, kept out by the separation of duties, neither a holder of the role nor a deputy
    now), `Stale` (the content has moved on), `Conflict` with code `voting_closed`, `already_voted`,
    `stage_not_open`, `own_seat_first` or `needed_elsewhere`, and `InvalidInput`.
    """
    with write(actor=actor, now=now):
        request = live_locked(subject_kind, subject_key)
        text = clean_text(comment, field="comment", max_length=MAX_COMMENT)
        tied_to = clean_conditions(conditions)
        if tied_to and decision != Decision.APPROVE:
            raise InvalidInput.of("conditions", "only_with_yes", "Only a yes has conditions.")
        _refuse_who_never_may(actor, request)
        if content_hash != request.content_hash:
            raise Stale("What you saw has changed in the meantime. Read it again, then vote.")
        if request.state != "open":
            raise Conflict("Voting on this is over.", code="voting_closed")
        stages = _STAGES.all(request=request.pk)
        for one in stages:
            one.request = request
        votes = _VOTES.all(request=request.pk)
        chosen, seat = _paper_for(actor, stages, votes, now=now, wanted=stage, on_behalf_of=on_behalf_of)
        vote = Vote.objects.create(
            request=request,
            stage=chosen,
            voter_id=UUID(actor.id),
            on_behalf_of=None if str(seat.pk) == actor.id else seat,
            hat=chosen.hat,
            decision=decision,
            content_hash=content_hash,
            comment=text,
            cast_at=now,
        )
        made = conditions_set(vote, tied_to)
        # A vote uses its caster up in the other open stages, too: all of them are counted anew.
        tallies = tallies_of(stages, [*votes, vote], now)
        _refuse_a_yes_that_rejects(chosen, vote, stages, tallies)
        settled = settle(request, stages, tallies, now=now)
        audit_record(
            actor=actor,
            now=now,
            action="approval.voted",
            object_kind=subject_kind,
            object_key=subject_key,
            data={
                "conditions": [condition.pk for condition in made],
                "content_hash": content_hash,
                "decision": decision.value,
                "on_behalf_of": str(vote.on_behalf_of_id or ""),
                "request": request.pk,
                "stage": chosen.stage_id,
                "stage_state": chosen.state,
                "state": request.state,
            },
        )
        return VoteResult(
            request,
            settled.decided,
            settled.opened,
            settled.dropped,
            vote=vote,
            stage=chosen,
            conditions=made,
        )


def _refuse_who_never_may(actor: Actor, request: ApprovalRequest) -> None:
    if not actor.is_user:
        raise Forbidden("Only people vote; a service account never can.")
    if actor.id in request.excluded_people:
        if Recusal.objects.filter(request=request, person_id=UUID(actor.id)).exists():
            raise Forbidden("You have stated a conflict of interest: others decide this one.")
        raise Forbidden(
            "You requested, wrote or carry out what is to be approved: somebody else has to decide it."
        )


@dataclass(frozen=True, slots=True)
class _Paper:
    """A seat in a stage that the voter may fill."""

    stage: ApprovalStage
    seat: User


def _paper_for(
    actor: Actor,
    stages: list[ApprovalStage],
    votes: list[Vote],
    *,
    now: datetime,
    wanted: str,
    on_behalf_of: str,
) -> tuple[ApprovalStage, User]:
    """Return the stage and the seat that the actor's vote fills, or raise what stands against it."""
    if wanted and wanted not in {stage.stage_id for stage in stages}:
        known = ", ".join(stage.stage_id for stage in stages)
        raise InvalidInput.of("stage", "unknown", f"There is no such stage; known are: {known}.")
    named = [stage for stage in stages if not wanted or stage.stage_id == wanted]
    person = UUID(actor.id)
    papers = [_Paper(stage, seat) for stage, seat in seats_for(named, person, now)]
    if on_behalf_of:
        papers = [paper for paper in papers if str(paper.seat.pk) == on_behalf_of.lower()]
    own = {vote.hat for vote in votes if vote.voter_id == person}
    left = [paper for paper in papers if paper.stage.hat not in own]
    if own and not left:
        raise Conflict("You have voted already; nobody votes twice.", code="already_voted")
    if not papers:
        raise Forbidden(
            "You do not stand in for them here now: a deputy votes only while the member is away."
            if on_behalf_of
            else f"Only {_who(named)} may vote on this, and who stands in for one who is away."
        )
    taken = {(vote.hat, one) for vote in votes for one in (vote.seat_id, vote.voter_id)}
    free = [paper for paper in left if (paper.stage.hat, paper.seat.pk) not in taken]
    if not free:
        raise Conflict(
            "This seat has its vote already: the member and who stands in for them have one together.",
            code="already_voted",
        )
    fitting = [paper for paper in free if paper.stage.state == "open"]
    if not fitting:
        raise _too_early_or_late([paper.stage for paper in free])
    return _only_one([paper for paper in fitting if paper.seat.pk == person] or fitting)


def _only_one(papers: list[_Paper]) -> tuple[ApprovalStage, User]:
    if len({paper.stage.pk for paper in papers}) > 1:
        ids = ", ".join(dict.fromkeys(paper.stage.stage_id for paper in papers))
        raise InvalidInput.of("stage", "ambiguous", f"You may vote in several stages; name one of: {ids}.")
    if len(papers) > 1:
        who = ", ".join(f"{paper.seat.display_name} ({paper.seat.pk})" for paper in papers)
        raise InvalidInput.of(
            "on_behalf_of", "ambiguous", f"You stand in for several people; name one of: {who}."
        )
    return papers[0].stage, papers[0].seat


def _refuse_a_yes_that_rejects(
    chosen: ApprovalStage, vote: Vote, stages: list[ApprovalStage], tallies: Mapping[int, Tally]
) -> None:
    """Refuse a yes that puts a quorum out of reach: it takes its caster from where they are needed.

    That is their own seat, where they vote for somebody else, or a twin of the stage.
    """
    if vote.decision != Decision.APPROVE:
        return
    for stage in stages:
        if stage.pk not in tallies:
            continue
        if decide(stage.quorum_value, stage.reject_value, tallies[stage.pk]) != "rejected":
            continue
        if stage.pk != chosen.pk and _is_needed(stage, vote, tallies[stage.pk]):
            raise Conflict(
                f"You are needed in the stage “{stage.title}”: nobody votes twice, and without you its quorum"
                " cannot be reached any more. Vote there.",
                code="needed_elsewhere",
            )
        if stage.pk == chosen.pk and vote.on_behalf_of_id is not None:
            raise Conflict(
                "You have a seat here yourself, and without your own vote the quorum cannot be reached any"
                " more. Cast your own vote.",
                code="own_seat_first",
            )


def _is_needed(stage: ApprovalStage, vote: Vote, tally: Tally) -> bool:
    """Return whether the quorum of `stage` was within reach by the own seat of whoever has just voted."""
    own = replace(tally, remaining=tally.remaining + 1, lent=tally.lent - (vote.on_behalf_of_id is not None))
    if decide(stage.quorum_value, stage.reject_value, own) == "rejected":
        return False
    return any(seat.pk == vote.voter_id for _, seat in seats_for([stage], vote.voter_id, vote.cast_at))


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

"""Opening a round of approval: stages and quorums are copied, the first stages open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from opsportal.approvals.models import ApprovalRequest, ApprovalStage
from opsportal.approvals.outcome import Seats, unfillable
from opsportal.approvals.selectors import eligible_ids
from opsportal.approvals.services.deciding import settle
from opsportal.core.actor import Actor
from opsportal.core.errors import Reason, RuleRefused
from opsportal.core.writes import write
from opsportal.obligations.terms import Subject, joined, scope_text
from opsportal.standards.engine import StageDemand


@dataclass(frozen=True, slots=True)
class Opened:
    """A new round of approval, and its stages that are open now. Approved at once where it has none."""

    request: ApprovalRequest
    opened: tuple[ApprovalStage, ...]


def approval_open(
    *,
    actor: Actor,
    now: datetime,
    subject: Subject,
    revision: int,
    content_hash: str,
    standard_hash: str,
    stages: Sequence[StageDemand],
    excluded: Collection[str],
) -> Opened:
    """Open a round of approval of `subject` as it is at `content_hash`, and return it.

    `stages` are what the standard asks for, copied with rule and source sentence; `excluded` are the
    ids of the people whom the separation of duties keeps from voting. Raises `RuleRefused`, with one
    reason for each stage, where nobody (or too few) may vote today, and `IntegrityError` where another
    round is live: the caller holds the subject's lock and voids that one first.
    """
    with write(actor=actor, now=now):
        request = ApprovalRequest.objects.create(
            subject_kind=subject.kind,
            subject_key=subject.key,
            revision=revision,
            content_hash=content_hash,
            standard_hash=standard_hash,
            excluded=joined(sorted(excluded)),
            opened_at=now,
        )
        rows = [_stage(request, position, demand, subject) for position, demand in enumerate(stages)]
        _refuse_what_nobody_can_decide(rows, stages, now.astimezone(UTC).date())
        for row in rows:
            row.save(force_insert=True)
        settled = settle(request, rows, {}, now=now)
        return Opened(request, settled.opened)


def _stage(request: ApprovalRequest, position: int, demanded: StageDemand, subject: Subject) -> ApprovalStage:
    stage = demanded.demand
    return ApprovalStage(
        request=request,
        position=position,
        order=stage.order,
        stage_id=stage.id,
        title=stage.title,
        roles=joined(stage.roles),
        quorum=str(stage.quorum),
        reject=stage.reject,
        several_hats=stage.several_hats,
        scope=scope_text(subject.services, subject.teams) if stage.for_service else "",
        rule=demanded.rule_id,
        source=asdict(demanded.rule.source),
    )


def _refuse_what_nobody_can_decide(
    rows: Sequence[ApprovalStage], demands: Sequence[StageDemand], today: date
) -> None:
    people = [frozenset(str(pk) for pk in eligible_ids(row, today)) for row in rows]
    seats = [
        Seats(who, row.quorum_value, shared=row.several_hats) for row, who in zip(rows, people, strict=True)
    ]
    short = [index for index, seat in enumerate(seats) if len(seat.people) < seat.least]
    if not short:
        shared_out = unfillable(seats)
        short = [] if shared_out is None else [shared_out]
    if short:
        raise RuleRefused([_nobody(rows[index], seats[index]) for index in short])


def _nobody(stage: ApprovalStage, seats: Seats) -> Reason:
    roles = " or ".join(f"“{slug}”" for slug in stage.role_slugs)
    if not seats.people:
        found = "nobody who may vote on this holds it today"
    elif len(seats.people) < seats.least:
        found = f"it takes {seats.least} of its holders, and only {len(seats.people)} may vote on this today"
    else:
        found = "everybody who may vote here is needed in another stage, and nobody votes twice"
    return Reason(
        "nobody_may_vote",
        stage.rule,
        f"The stage “{stage.title}” is decided by holders of the role {roles}, but {found}."
        " Have an administrator give the role to somebody who is neither requester, implementer nor author,"
        " then submit it again.",
    )

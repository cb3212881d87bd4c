"""Reads of how far rounds of approval have come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Exists, OuterRef, Q

from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.selectors import StandIn, stand_ins
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.outcome import Seating, Tally, decide, needed
from opsportal.approvals.selectors.seats import may
from opsportal.approvals.states import REQUEST


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage has come: what its quorum asks for, the votes, and who is still asked.

    `waiting_for` are those whose seats are free; `deputies` who may fill one of them now. What is decided
    waits for nobody, and asks for as many as it did of those who held its roles on that day.
    """

    stage: ApprovalStage
    votes: tuple[Vote, ...]
    needed: int
    tally: Tally
    waiting_for: tuple[User, ...]
    deputies: tuple[StandIn, ...] = ()

    def seats_of(self, person: str) -> tuple[User, ...]:
        """Return whose free seats this person (an id) may fill now, their own first."""
        own = tuple(one for one in self.waiting_for if str(one.pk) == person)
        others = (one.principal for one in self.deputies if str(one.deputy.pk) == person)
        return tuple(dict.fromkeys((*own, *others)))

    @property
    def asked(self) -> tuple[User, ...]:
        """Who may vote here now, each once."""
        return tuple(dict.fromkeys((*self.waiting_for, *(one.deputy for one in self.deputies))))


def people_asked(stage: ApprovalStage, now: datetime) -> tuple[User, ...]:
    """Return who may vote in an open stage at `now` and has not: members, and who stands in for them."""
    requests = ApprovalRequest.objects.filter(pk=stage.request_id).prefetch_related("stages__votes")
    found = progress_of_all(list(requests), now)[stage.request_id]
    return next((one.asked for one in found if one.stage.pk == stage.pk), ())


def rounds_to_recount(now: datetime, *, batch: int = 200) -> Iterator[ApprovalRequest]:
    """Yield the open rounds of which a stage would be decided if it were counted at `now`.

    Four queries for each `batch` of those that have votes: a stage without one waits, whoever leaves.
    """
    voted = Exists(Vote.objects.filter(request=OuterRef("pk")))
    rows = ApprovalRequest.objects.filter(voted, state=REQUEST.initial).prefetch_related("stages__votes")
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:batch]):
        last = found[-1].pk
        progress = progress_of_all(found, now)
        for request in found:
            open_stages = (one for one in progress[request.pk] if one.stage.state == "open")
            if any(
                decide(one.stage.quorum_value, one.stage.reject_value, one.tally) != "open"
                for one in open_stages
            ):
                yield request


def progress_of(request: ApprovalRequest, now: datetime) -> list[Progress]:
    """Return the progress of each stage, in order. As `progress_of_all` for one request."""
    return progress_of_all([request], now)[request.pk]


def progress_of_all(requests: Collection[ApprovalRequest], now: datetime) -> dict[int, list[Progress]]:
    """Return the progress of each stage of each request at `now`, by its primary key; two queries for all.

    The requests have their stages and votes prefetched, as from `live_requests` or `requests_about`.
    """
    today = now.astimezone(UTC).date()
    days = {
        stage.pk: today if _is_undecided(request, stage) else _decided_on(request, stage, now)
        for request in requests
        for stage in request.stages.all()
    }
    roles = {slug for request in requests for stage in request.stages.all() for slug in stage.role_slugs}
    holdings = list(
        RoleHolding.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=min(days.values(), default=today)),
            role__slug__in=roles,
            user__is_active=True,
            user__is_auditor=False,
        )
        .select_related("role", "user")
        .order_by("user__full_name", "user_id")
    )
    principals = {one.user_id for one in holdings if _covers_day(one, today)}
    is_open = any(request.state == REQUEST.initial for request in requests)
    standing = stand_ins(now, principals=principals) if is_open and principals else []
    return {
        request.pk: [
            _progress(request, stage, [one for one in holdings if _covers_day(one, days[stage.pk])], standing)
            for stage in request.stages.all()
        ]
        for request in requests
    }


def _is_undecided(request: ApprovalRequest, stage: ApprovalStage) -> bool:
    return request.state == REQUEST.initial and stage.state in {"open", "waiting"}


def _decided_on(request: ApprovalRequest, stage: ApprovalStage, now: datetime) -> date:
    """Return the day (of UTC) whose holders were counted last, when the stage or its round came to an end."""
    return (stage.decided_at or request.decided_at or request.voided_at or now).astimezone(UTC).date()


def _covers_day(holding: RoleHolding, day: date) -> bool:
    return holding.valid_from <= day and (holding.valid_until is None or holding.valid_until >= day)


def cast_under(request: ApprovalRequest, hat: str) -> list[tuple[str, str]]:
    """Return (who voted, whose seat) of the votes of this round under `hat`; they are prefetched."""
    votes = [vote for stage in request.stages.all() for vote in stage.votes.all()]
    return [(str(vote.voter_id), str(vote.seat_id)) for vote in votes if vote.hat == hat]


def _progress(
    request: ApprovalRequest,
    stage: ApprovalStage,
    holdings: Iterable[RoleHolding],
    standing: Iterable[StandIn],
) -> Progress:
    kept_out = request.excluded_people
    cast = cast_under(request, stage.hat)
    here = [one for one in holdings if str(one.user_id) not in kept_out and may(one, stage)]
    seating = Seating.of({str(one.user_id) for one in here}, cast)
    people = {one.user_id: one.user for one in here if str(one.user_id) in seating.free}
    away_from = {str(voter) for voter, _ in cast} | kept_out
    deputies = tuple(
        one
        for one in standing
        if str(one.deputy.pk) not in away_from
        and any(
            held.user_id == one.principal.pk and one.covers(held.role.slug) and held.user_id in people
            for held in here
        )
    )
    votes = tuple(sorted(stage.votes.all(), key=lambda vote: vote.pk))
    undecided = _is_undecided(request, stage)
    tally = Tally.of([vote.decision for vote in votes], remaining=len(people), lent=len(seating.lent))
    asked_for = needed(stage.quorum_value, tally.eligible)
    return Progress(
        stage,
        votes,
        # Whoever was appointed for that day afterwards takes nothing back from what was approved.
        min(asked_for, tally.approvals) if stage.state == "approved" else asked_for,
        tally,
        tuple(people.values()) if undecided else (),
        deputies if stage.state == "open" else (),
    )

"""Reads of approvals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.selectors import StandIn, in_force, roles_acted_on, stand_ins
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Condition, Vote
from opsportal.approvals.outcome import Decision, Seating, Tally, decide, needed
from opsportal.approvals.states import REQUEST
from opsportal.obligations.terms import joined, scope_word


def live_request(subject_kind: str, subject_key: str) -> ApprovalRequest | None:
    """Return the round of approval that counts now for a subject, or None where there is none."""
    return (
        ApprovalRequest.objects.filter(subject_kind=subject_kind, subject_key=subject_key)
        .exclude(state="void")
        .first()
    )


def live_requests(subject_kind: str, keys: Collection[str]) -> dict[str, ApprovalRequest]:
    """Return the round that counts now for each of these subjects, by key, with stages and votes.

    Three queries, however many there are.
    """
    rows = (
        ApprovalRequest.objects.filter(subject_kind=subject_kind, subject_key__in=list(keys))
        .exclude(state="void")
        .prefetch_related(
            "stages__votes__voter",
            "stages__votes__on_behalf_of",
            "stages__votes__conditions",
            "recusals__person",
        )
    )
    return {row.subject_key: row for row in rows}


def requests_about(subject_kind: str, subject_key: str) -> QuerySet[ApprovalRequest]:
    """Return every round of approval of a subject, newest first, with stages and votes."""
    return (
        ApprovalRequest.objects.filter(subject_kind=subject_kind, subject_key=subject_key)
        .prefetch_related(
            "stages__votes__voter",
            "stages__votes__on_behalf_of",
            "stages__votes__conditions",
            "recusals__person",
        )
        .order_by("-id")
    )


def approvers_of(request: ApprovalRequest) -> frozenset[str]:
    """Return the ids of those who voted yes in this round."""
    yes = Vote.objects.filter(request=request, decision=Decision.APPROVE)
    return frozenset(str(voter) for voter in yes.values_list("voter_id", flat=True))


def approved_alone(request: ApprovalRequest, person: str) -> bool:
    """Return whether every yes of this round was this person's (an id), or given in their place."""
    yes = list(Vote.objects.filter(request=request, decision=Decision.APPROVE))
    return bool(yes) and all(person in {str(vote.voter_id), str(vote.on_behalf_of_id)} for vote in yes)


def eligible(stage: ApprovalStage, on: date) -> QuerySet[User]:
    """Return who may vote in `stage` on that day (of UTC): holders of its roles who are not kept out.

    Whether they have voted already is not looked at. Reads `stage.request`.
    """
    services, teams = stage.services_and_teams
    people = role_holders(stage.role_slugs, on, services=services, teams=teams)
    return people.exclude(pk__in=_uuids(stage.request.excluded_people))


def _uuids(identifiers: Collection[str]) -> list[UUID]:
    """Return those that may be people's; a machine that wrote something has another kind of name."""
    found: list[UUID] = []
    for identifier in identifiers:
        with suppress(ValueError):
            found.append(UUID(identifier))
    return found


def seats_for(
    stages: Iterable[ApprovalStage], person: UUID, now: datetime
) -> list[tuple[ApprovalStage, User]]:
    """Return the seats that this person may fill at `now`: their own, then those of whom they stand in for.

    Whether they are filled already is not looked at. Nobody who is kept out fills one, and nobody fills
    the seat of somebody who is kept out. Three queries, however many stages of one round.
    """
    acted_on = roles_acted_on(person, now)
    people = {one.pk: one for one in User.objects.filter(pk__in={held.principal for held in acted_on})}
    found: list[tuple[ApprovalStage, User]] = []
    for stage in stages:
        kept_out = stage.request.excluded_people
        if str(person) in kept_out:
            continue
        seats = {
            people[held.principal]
            for held in acted_on
            if str(held.principal) not in kept_out
            and _counts(held.role, held.scope_kind, held.scope_key, stage)
        }
        mine = sorted(seats, key=lambda one: (one.pk != person, one.full_name, str(one.pk)))
        found += [(stage, seat) for seat in mine]
    return found


def role_holders(
    roles: Collection[str], on: date, *, services: Collection[str] = (), teams: Collection[str] = ()
) -> QuerySet[User]:
    """Return the active people who hold one of these roles on that day, each once, by name."""
    holdings = RoleHolding.objects.filter(
        in_force(on), _covers(services, teams), user=OuterRef("pk"), role__slug__in=list(roles)
    )
    return User.objects.filter(Exists(holdings), is_active=True)


def _covers(services: Collection[str], teams: Collection[str]) -> Q:
    return (
        Q(scope_kind=RoleHolding.Scope.EVERYWHERE)
        | Q(scope_kind=RoleHolding.Scope.SERVICE, scope_key__in=list(services))
        | Q(scope_kind=RoleHolding.Scope.TEAM, scope_key__in=list(teams))
    )


def unmet_conditions(subject_kind: str, subject_key: str) -> list[Condition]:
    """Return the conditions of the live round of a subject that are not confirmed yet. One query."""
    rows = Condition.objects.filter(
        request__subject_kind=subject_kind, request__subject_key=subject_key, state__in=["open", "done"]
    )
    return list(rows.select_related("stage").order_by("id"))


def conditions_about(subject_kind: str, subject_key: str) -> QuerySet[Condition]:
    """Return every condition that an approval of this subject was tied to, oldest first, with its people."""
    rows = Condition.objects.filter(request__subject_kind=subject_kind, request__subject_key=subject_key)
    return rows.select_related("request", "stage__request", "vote__voter", "done_by", "settled_by").order_by(
        "id"
    )


def open_stages_of(role: str) -> QuerySet[ApprovalStage]:
    """Return the stages that wait for the holders of this role (its slug), the longest waiting first."""
    return (
        ApprovalStage.objects.filter(state="open", roles__contains=joined([role]))
        .select_related("request")
        .order_by("opened_at", "id")
    )


def open_stages_for(person: UUID, now: datetime) -> QuerySet[ApprovalStage]:
    """Return the open stages in which this person may vote at `now` and has not, longest waiting first.

    Also those in which they may fill the seat of somebody who is away. Three queries now, one when the
    result is read.
    """
    seats: dict[UUID, Q] = {}
    for held in roles_acted_on(person, now):
        here = Q(roles__contains=joined([held.role]))
        if held.scope_kind:
            here &= Q(scope__contains=joined([scope_word(held.scope_kind, held.scope_key)]))
        seats[held.principal] = seats.get(held.principal, Q(pk__in=[])) | here
    mine = Q(pk__in=[])
    for principal, here in seats.items():
        kept_out = Q(request__excluded__contains=joined([str(principal)]))
        mine |= here & ~kept_out & ~_voted_already(principal)
    return (
        ApprovalStage.objects.filter(mine, state="open")
        .exclude(request__excluded__contains=joined([str(person)]))
        .exclude(_voted_already(person))
        .select_related("request")
        .order_by("opened_at", "id")
    )


def _voted_already(person: UUID) -> Q:
    """Return the condition that they have voted under the stage's hat, or somebody in their place."""
    own = Vote.objects.filter(Q(voter_id=person) | Q(on_behalf_of_id=person), request=OuterRef("request"))
    return Q(Exists(own.filter(hat="")), several_hats=False) | Q(
        Exists(own.filter(hat=OuterRef("stage_id"))), several_hats=True
    )


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
    here = [one for one in holdings if str(one.user_id) not in kept_out and _may(one, stage)]
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


def _may(holding: RoleHolding, stage: ApprovalStage) -> bool:
    return _counts(holding.role.slug, holding.scope_kind, holding.scope_key, stage)


def _counts(role: str, scope_kind: str, scope_key: str, stage: ApprovalStage) -> bool:
    """Return whether a role that is held for this scope counts in that stage."""
    if role not in stage.role_slugs:
        return False
    services, teams = stage.services_and_teams
    match scope_kind:
        case RoleHolding.Scope.SERVICE:
            return scope_key in services
        case RoleHolding.Scope.TEAM:
            return scope_key in teams
        case _:
            return True

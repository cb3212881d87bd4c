"""Reads of approvals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.selectors import in_force
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.outcome import Decision, Tally, needed
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
        .prefetch_related("stages__votes__voter")
    )
    return {row.subject_key: row for row in rows}


def requests_about(subject_kind: str, subject_key: str) -> QuerySet[ApprovalRequest]:
    """Return every round of approval of a subject, newest first, with stages and votes."""
    return (
        ApprovalRequest.objects.filter(subject_kind=subject_kind, subject_key=subject_key)
        .prefetch_related("stages__votes__voter")
        .order_by("-id")
    )


def approvers_of(request: ApprovalRequest) -> frozenset[str]:
    """Return the ids of those who voted yes in this round."""
    yes = Vote.objects.filter(request=request, decision=Decision.APPROVE)
    return frozenset(str(voter) for voter in yes.values_list("voter_id", flat=True))


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


def open_stages_of(role: str) -> QuerySet[ApprovalStage]:
    """Return the stages that wait for the holders of this role (its slug), the longest waiting first."""
    return (
        ApprovalStage.objects.filter(state="open", roles__contains=joined([role]))
        .select_related("request")
        .order_by("opened_at", "id")
    )


def open_stages_for(person: UUID, on: date) -> QuerySet[ApprovalStage]:
    """Return the open stages in which this person may vote on that day and has not, longest waiting first.

    One query now for their roles, one when the result is read.
    """
    holdings = RoleHolding.objects.filter(in_force(on), user_id=person, user__is_active=True)
    mine = Q(pk__in=[])
    for role, kind, key in holdings.values_list("role__slug", "scope_kind", "scope_key").distinct():
        held = Q(roles__contains=joined([role]))
        mine |= held & Q(scope__contains=joined([scope_word(kind, key)])) if kind else held
    return (
        ApprovalStage.objects.filter(mine, state="open")
        .exclude(request__excluded__contains=joined([str(person)]))
        .exclude(_voted_already(person))
        .select_related("request")
        .order_by("opened_at", "id")
    )


def _voted_already(person: UUID) -> Q:
    own = Vote.objects.filter(request=OuterRef("request"), voter_id=person)
    return Q(Exists(own.filter(hat="")), several_hats=False) | Q(
        Exists(own.filter(hat=OuterRef("stage_id"))), several_hats=True
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage has come: what its quorum asks for, the votes, and who is still asked."""

    stage: ApprovalStage
    votes: tuple[Vote, ...]
    needed: int
    tally: Tally
    waiting_for: tuple[User, ...]


def progress_of(request: ApprovalRequest, on: date) -> list[Progress]:
    """Return the progress of each stage, in order. As `progress_of_all` for one request."""
    return progress_of_all([request], on)[request.pk]


def progress_of_all(requests: Collection[ApprovalRequest], on: date) -> dict[int, list[Progress]]:
    """Return the progress of each stage of each request, by its primary key; one query for all of them.

    The requests have their stages and votes prefetched, as from `live_requests` or `requests_about`.
    """
    undecided = {
        stage
        for request in requests
        if request.state == REQUEST.initial
        for stage in request.stages.all()
        if stage.state in {"open", "waiting"}
    }
    roles = {slug for stage in undecided for slug in stage.role_slugs}
    holdings = list(
        RoleHolding.objects.filter(in_force(on), role__slug__in=roles, user__is_active=True)
        .select_related("role", "user")
        .order_by("user__full_name", "user_id")
    )
    return {
        request.pk: [
            _progress(request, stage, holdings if stage in undecided else [])
            for stage in request.stages.all()
        ]
        for request in requests
    }


def voters_under(request: ApprovalRequest, hat: str) -> set[UUID]:
    """Return the ids of those whose vote in this round is used up under `hat`; the votes are prefetched."""
    votes = [vote for stage in request.stages.all() for vote in stage.votes.all()]
    return {vote.voter_id for vote in votes if vote.hat == hat}


def _progress(request: ApprovalRequest, stage: ApprovalStage, holdings: Iterable[RoleHolding]) -> Progress:
    kept_out = request.excluded_people
    voted = voters_under(request, stage.hat)
    people = {
        holding.user_id: holding.user
        for holding in holdings
        if holding.user_id not in voted and str(holding.user_id) not in kept_out and _may(holding, stage)
    }
    votes = tuple(sorted(stage.votes.all(), key=lambda vote: vote.pk))
    tally = Tally.of([vote.decision for vote in votes], remaining=len(people))
    return Progress(stage, votes, needed(stage.quorum_value, tally.eligible), tally, tuple(people.values()))


def _may(holding: RoleHolding, stage: ApprovalStage) -> bool:
    if holding.role.slug not in stage.role_slugs:
        return False
    services, teams = stage.services_and_teams
    match holding.scope_kind:
        case RoleHolding.Scope.SERVICE:
            return holding.scope_key in services
        case RoleHolding.Scope.TEAM:
            return holding.scope_key in teams
        case _:
            return True

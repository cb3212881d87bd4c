"""Reads of who may vote, and in which stages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.selectors import in_force, roles_acted_on
from opsportal.approvals.models import ApprovalStage, Vote
from opsportal.core.statements import Marks, Statement
from opsportal.obligations.terms import joined, scope_word


def eligible(stage: ApprovalStage, on: date) -> QuerySet[User]:
    """Return who may vote in `stage` on that day (of UTC): holders of its roles who are not kept out.

    Whether they have voted already is not looked at. Reads `stage.request`.
    """
    services, teams = stage.services_and_teams
    people = role_holders(stage.role_slugs, on, services=services, teams=teams)
    return people.exclude(pk__in=_uuids(stage.request.excluded_people))


def eligible_ids(stage: ApprovalStage, on: date) -> list[UUID]:
    """Return the ids of those who may vote in `stage` on that day. As `eligible`."""
    lists: dict[str, Sequence[str | UUID]] = {
        "role": stage.role_slugs,
        "service": stage.services_and_teams[0],
        "team": stage.services_and_teams[1],
        "without": _uuids(stage.request.excluded_people),
    }
    values = {f"{name}{place}": one for name, found in lists.items() for place, one in enumerate(found)}
    statement = _eligible(*(len(found) for found in lists.values()))
    return [pk for (pk,) in statement.rows(on=on, **values)]


def barred(stage: ApprovalStage, on: date) -> list[str]:
    """Return the ids of those who hold a role of `stage` on that day and have no vote to cast in it.

    They are kept out of its round, or their vote or their seat is used up in another stage. At most two
    queries. Reads `stage.request`.
    """
    used = Vote.objects.filter(request=stage.request_id, hat=stage.hat).values_list("voter", "on_behalf_of")
    people = {*_uuids(stage.request.excluded_people), *(pk for pair in used for pk in pair)}
    if not people:
        return []
    services, teams = stage.services_and_teams
    holders = role_holders(stage.role_slugs, on, services=services, teams=teams).filter(pk__in=people)
    return [str(pk) for pk in holders.order_by("pk").values_list("pk", flat=True)]


@lru_cache(maxsize=256)
def _eligible(roles: int, services: int, teams: int, without: int) -> Statement:
    """Return the query for so many roles, services, teams and people who are kept out."""

    def texts(marks: Marks, name: str, count: int) -> list[str]:
        return [marks.text(f"{name}{place}") for place in range(count)]

    return Statement(
        lambda marks: (
            role_holders(
                texts(marks, "role", roles),
                marks.day("on"),
                services=texts(marks, "service", services),
                teams=texts(marks, "team", teams),
            )
            .exclude(pk__in=[marks.identifier(f"without{place}") for place in range(without)])
            .values_list("pk")
        )
    )


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
    the seat of somebody who is kept out; an auditor has none, whatever roles they kept. Three queries,
    however many stages of one round.
    """
    acted_on = roles_acted_on(person, now)
    seated = User.objects.filter(pk__in={held.principal for held in acted_on}, is_auditor=False)
    people = {one.pk: one for one in seated}
    found: list[tuple[ApprovalStage, User]] = []
    for stage in stages:
        kept_out = stage.request.excluded_people
        if str(person) in kept_out:
            continue
        seats = {
            people[held.principal]
            for held in acted_on
            if held.principal in people
            and str(held.principal) not in kept_out
            and counts(held.role, held.scope_kind, held.scope_key, stage)
        }
        mine = sorted(seats, key=lambda one: (one.pk != person, one.full_name, str(one.pk)))
        found += [(stage, seat) for seat in mine]
    return found


def role_holders(
    roles: Collection[str], on: date, *, services: Collection[str] = (), teams: Collection[str] = ()
) -> QuerySet[User]:
    """Return the active people who hold one of these roles on that day, each once, by name; no auditors."""
    holdings = RoleHolding.objects.filter(
        in_force(on), _covers(services, teams), user=OuterRef("pk"), role__slug__in=list(roles)
    )
    return User.objects.filter(Exists(holdings), is_active=True, is_auditor=False)


def _covers(services: Collection[str], teams: Collection[str]) -> Q:
    return (
        Q(scope_kind=RoleHolding.Scope.EVERYWHERE)
        | Q(scope_kind=RoleHolding.Scope.SERVICE, scope_key__in=list(services))
        | Q(scope_kind=RoleHolding.Scope.TEAM, scope_key__in=list(teams))
    )


def may(holding: RoleHolding, stage: ApprovalStage) -> bool:
    """Return whether what somebody holds counts in that stage."""
    return counts(holding.role.slug, holding.scope_kind, holding.scope_key, stage)


def counts(role: str, scope_kind: str, scope_key: str, stage: ApprovalStage) -> bool:
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
        seated = Exists(User.objects.filter(pk=principal, is_auditor=False))
        mine |= here & ~kept_out & Q(seated) & ~_voted_already(principal)
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

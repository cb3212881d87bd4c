"""Reads of what is owed. Roles are held by the day of UTC, absences by the instant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.accounts.models import User
from opsportal.accounts.selectors import (
    ADMINISTRATORS,
    display_names,
    holders_of,
    roles_acted_on,
    stand_ins,
)
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import parse_key
from opsportal.core.registry import key_urls, seen_only, subject_urls
from opsportal.obligations.models import Excuse, Obligation
from opsportal.obligations.terms import scope_word


def owned_by(user_id: UUID | str, now: datetime) -> QuerySet[Obligation]:
    """Return what this person owes or owed: their own, and what roles owe that they hold at `now`.

    So is what those roles owe that they act on for somebody who is away. A role that is held for one
    service or team only counts where the subject touches it. What they are excused from (they did their
    part, or the other one did) is left out.
    """
    person = str(user_id)
    own = Q(owner_kind="user", owner_key=person)
    for held in roles_acted_on(user_id, now):
        shared = Q(owner_kind="role", owner_key__contains=f"|{held.role}|")
        if held.scope_kind:
            shared &= Q(scope__contains=f"|{scope_word(held.scope_kind, held.scope_key)}|")
        if str(held.principal) != person:
            shared &= ~Q(Exists(_excuses(str(held.principal))))
        own |= shared
    administers = Exists(User.objects.filter(pk=user_id, is_staff=True, is_active=True))
    own |= Q(administers, owner_kind="role", owner_key__contains=f"|{ADMINISTRATORS}|")
    return Obligation.objects.filter(own).exclude(Exists(_excuses(person)))


def _excuses(person: str) -> QuerySet[Excuse]:
    return Excuse.objects.filter(obligation=OuterRef("pk"), person=person)


def owed_by(user_id: UUID | str, now: datetime) -> QuerySet[Obligation]:
    """Return what this person still owes at `now`, the longest due first."""
    return owned_by(user_id, now).filter(ended_at__isnull=True).order_by("due_at", "id")


def obligation_seen(actor: Actor, pk: int, now: datetime) -> Obligation:
    """Return one obligation. Raises `NotFound`, also where it is about something hidden from `actor`.

    Whoever owes it sees it all the same.
    """
    row = seen_only(Obligation.objects.filter(pk=pk), actor, now).first()
    if row is None and actor.is_user:
        row = owned_by(actor.id, now).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such obligation.")
    return row


def about(subject_kind: str, subject_key: str) -> QuerySet[Obligation]:
    """Return all obligations about one subject, over or not, in the order of their due times."""
    return Obligation.objects.filter(subject_kind=subject_kind, subject_key=subject_key).order_by(
        "due_at", "id"
    )


def blocking(subject_kind: str, subject_key: str, point: str) -> list[Obligation]:
    """Return what is still owed about a subject and blocks `point` (`change.close`), longest due first."""
    owed = about(subject_kind, subject_key).filter(ended_at__isnull=True)
    return [row for row in owed if point in row.blocks]


def debtors(obligation: Obligation, now: datetime) -> QuerySet[User]:
    """Return the active people who owe this at `now`, but for those who have done their part.

    With those who are away, so do those who stand in for them.
    """
    owner = obligation.owner
    excused = list(Excuse.objects.filter(obligation=obligation).values_list("person", flat=True))
    if owner.kind == "user":
        return User.objects.filter(pk__in=owner.keys, is_active=True).exclude(pk__in=excused)
    return holders_among(owner.keys, now, owner.services, owner.teams, without=excused)


def holders_among(
    roles: Collection[str],
    now: datetime,
    services: Collection[str],
    teams: Collection[str],
    *,
    without: Collection[str] = (),
) -> QuerySet[User]:
    """Return the active people who hold one of `roles` at `now`, and who stands in for those away; each once.

    Roles are scoped as in `holders_of`. `without` are the ids of people who are left out, and with them
    whoever would stand in for them.
    """
    found: set[UUID] = set()
    standing = stand_ins(now)
    for role in roles:
        holders = holders_of(role, now.astimezone(UTC).date(), services=services, teams=teams)
        mine = set(holders.exclude(pk__in=list(without)).values_list("pk", flat=True))
        found |= mine
        found |= {one.deputy.pk for one in standing if one.principal.pk in mine and one.covers(role)}
    return User.objects.filter(pk__in=found, is_active=True).exclude(pk__in=list(without))


def holds_one_of(
    person: str, roles: Collection[str], now: datetime, services: Collection[str], teams: Collection[str]
) -> bool:
    """Return whether this person (an id) holds one of `roles` themselves, scoped as in `holders_of`."""
    today = now.astimezone(UTC).date()
    return any(
        holders_of(role, today, services=services, teams=teams).filter(pk=person).exists() for role in roles
    )


def overdue(at: datetime) -> QuerySet[Obligation]:
    """Return what anybody still owes though its time has passed at `at` (aware UTC), longest due first."""
    return Obligation.objects.filter(ended_at__isnull=True, due_at__lte=at).order_by("due_at", "id")


def subject_url(obligation: Obligation) -> str:
    """Return the path of the page of what it is about, `""` where nobody knows one."""
    if (by_kind := subject_urls.get(obligation.subject_kind)) is not None:
        return by_kind(obligation.subject_key)
    parsed = parse_key(obligation.subject_key)
    resolver = key_urls.get(parsed[0]) if parsed else None
    return resolver(parsed[1]) if parsed and resolver else ""


@dataclass(frozen=True, slots=True)
class Line:
    """An obligation as pages and lists show it: with who owes it in words, and where its subject is."""

    row: Obligation
    owner: str
    url: str
    is_overdue: bool


def lines_of(rows: Iterable[Obligation], at: datetime) -> list[Line]:
    """Return what to show of `rows` at `at`; the names of all owners are asked for once."""
    listed = list(rows)
    names = display_names((row.owner_kind, key) for row in listed for key in row.owner.keys)
    return [
        Line(
            row=row,
            owner=" or ".join(names[row.owner_kind, key] for key in row.owner.keys),
            url=subject_url(row),
            is_overdue=row.is_overdue(at),
        )
        for row in listed
    ]

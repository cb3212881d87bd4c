"""Reads of what is owed. A day is a day of UTC."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.selectors import ADMINISTRATORS, display_names, holders_of, in_force
from opsportal.core.keys import parse_key
from opsportal.core.registry import key_urls, subject_urls
from opsportal.obligations.models import Excuse, Obligation
from opsportal.obligations.terms import scope_word


def owned_by(user_id: UUID | str, on: date) -> QuerySet[Obligation]:
    """Return what this person owes or owed: their own, and what roles owe that they hold on that day.

    A role that they hold for one service or team only counts where the subject touches it. What they
    are excused from (they did their part) is left out.
    """
    person = str(user_id)
    own = Q(owner_kind="user", owner_key=person)
    holdings = RoleHolding.objects.filter(in_force(on), user_id=person, user__is_active=True)
    for role, kind, key in holdings.values_list("role__slug", "scope_kind", "scope_key").distinct():
        shared = Q(owner_kind="role", owner_key__contains=f"|{role}|")
        own |= shared & Q(scope__contains=f"|{scope_word(kind, key)}|") if kind else shared
    administers = Exists(User.objects.filter(pk=user_id, is_staff=True, is_active=True))
    own |= Q(administers, owner_kind="role", owner_key__contains=f"|{ADMINISTRATORS}|")
    excused = Excuse.objects.filter(obligation=OuterRef("pk"), person=person)
    return Obligation.objects.filter(own).exclude(Exists(excused))


def owed_by(user_id: UUID | str, on: date) -> QuerySet[Obligation]:
    """Return what this person still owes, the longest due first."""
    return owned_by(user_id, on).filter(ended_at__isnull=True).order_by("due_at", "id")


def about(subject_kind: str, subject_key: str) -> QuerySet[Obligation]:
    """Return all obligations about one subject, over or not, in the order of their due times."""
    return Obligation.objects.filter(subject_kind=subject_kind, subject_key=subject_key).order_by(
        "due_at", "id"
    )


def blocking(subject_kind: str, subject_key: str, point: str) -> list[Obligation]:
    """Return what is still owed about a subject and blocks `point` (`change.close`), longest due first."""
    owed = about(subject_kind, subject_key).filter(ended_at__isnull=True)
    return [row for row in owed if point in row.blocks]


def debtors(obligation: Obligation, on: date) -> QuerySet[User]:
    """Return the active people who owe this on that day, but for those who have done their part."""
    owner = obligation.owner
    if owner.kind == "user":
        people = User.objects.filter(pk__in=owner.keys, is_active=True)
    else:
        people = holders_among(owner.keys, on, owner.services, owner.teams)
    excused = Excuse.objects.filter(obligation=obligation).values_list("person", flat=True)
    return people.exclude(pk__in=list(excused))


def holders_among(
    roles: Collection[str], on: date, services: Collection[str], teams: Collection[str]
) -> QuerySet[User]:
    """Return the active people who hold one of `roles` on that day, scoped as in `holders_of`, each once."""
    people = User.objects.none()
    for role in roles:
        people = people | holders_of(role, on, services=services, teams=teams)
    return people


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

"""Reads of people, teams and roles. A day is a day of UTC; both ends of a period belong to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from opsportal.accounts.models import (
    Absence,
    Deputyship,
    Role,
    RoleHolding,
    SavedSearch,
    ServiceAccount,
    Team,
    TeamMembership,
    User,
)
from opsportal.accounts.models.users import former_member
from opsportal.core.actor import Actor, ActorKind
from opsportal.core.statements import Statement

ADMINISTRATORS = "portal:administrators"
"""Stands for a role that every administrator holds; no role of a standard can be called so."""


def in_force(on: date) -> Q:
    """Return the condition "the period covers this day", for holdings and memberships."""
    return Q(valid_from__lte=on) & (Q(valid_until__isnull=True) | Q(valid_until__gte=on))


def colleagues() -> QuerySet[User]:
    """Return the people of the house who may sign in: whoever can be chosen, asked, taught, told, counted.

    Guests from outside (`is_guest`) read what was opened to them, and are never among these.
    """
    return User.objects.filter(is_active=True, is_guest=False)


def workers() -> QuerySet[User]:
    """Return the colleagues who can be given something to do: an auditor reads, and may do none of it."""
    return colleagues().filter(is_auditor=False)


def _scope_covers(services: Collection[str], teams: Collection[str]) -> Q:
    covers = Q(scope_kind=RoleHolding.Scope.EVERYWHERE)
    if services:
        covers |= Q(scope_kind=RoleHolding.Scope.SERVICE, scope_key__in=list(services))
    if teams:
        covers |= Q(scope_kind=RoleHolding.Scope.TEAM, scope_key__in=list(teams))
    return covers


def holders_of(
    role: str, on: date, *, services: Collection[str] = (), teams: Collection[str] = ()
) -> QuerySet[User]:
    """Return the active people who hold `role` (its slug) on that day, each once, by name.

    A holding for one service or team only counts where that slug is among `services` or `teams`. An
    unknown role has no holders; `ADMINISTRATORS` has all administrators.
    """
    if role == ADMINISTRATORS:
        return User.objects.filter(is_staff=True, is_active=True)
    holdings = RoleHolding.objects.filter(
        in_force(on), _scope_covers(services, teams), user=OuterRef("pk"), role__slug=role
    )
    return colleagues().filter(Exists(holdings))


def roles_of(
    user_id: UUID | str, on: date, *, services: Collection[str] = (), teams: Collection[str] = ()
) -> set[str]:
    """Return the slugs of the roles that this person holds on that day, scoped ones as in `holders_of`."""
    person = _uuid(user_id)
    if person is None:
        return set()
    return set(
        RoleHolding.objects.filter(
            in_force(on), _scope_covers(services, teams), user_id=person, user__is_active=True
        ).values_list("role__slug", flat=True)
    )


def holds_role(
    actor: Actor, role: str, on: date, *, services: Collection[str] = (), teams: Collection[str] = ()
) -> bool:
    """Return whether `actor` is a person who holds `role` on that day; no machine ever holds one."""
    person = _uuid(actor.id) if actor.is_user else None
    if person is None:
        return False
    return RoleHolding.objects.filter(
        in_force(on),
        _scope_covers(services, teams),
        role__slug=role,
        user_id=person,
        user__is_active=True,
    ).exists()


def sits_on_a_board(actor: Actor, on: date) -> bool:
    """Return whether `actor` is a person who sits on any board on that day. At most one query."""
    person = _uuid(actor.id) if actor.is_user else None
    if person is None:
        return False
    return any(_SEATS.rows(person=person, on=on))


_SEATS = Statement(
    lambda marks: RoleHolding.objects.filter(
        in_force(marks.day("on")),
        user=marks.identifier("person"),
        user__is_active=True,
        role__kind=Role.Kind.BOARD,
    ).values_list("id")[:1]
)
_TEAMS = Statement(
    lambda marks: TeamMembership.objects.filter(
        in_force(marks.day("on")), user=marks.identifier("person"), user__is_active=True
    ).values_list("team__slug")
)


def teams_of(user_id: UUID | str, on: date) -> set[str]:
    """Return the slugs of the teams that this person belongs to on that day."""
    person = _uuid(user_id)
    if person is None:
        return set()
    return {slug for (slug,) in _TEAMS.rows(person=person, on=on)}


def members_of(team: str, on: date) -> QuerySet[User]:
    """Return the active people who belong to `team` (its slug) on that day, each once, by name."""
    memberships = TeamMembership.objects.filter(in_force(on), user=OuterRef("pk"), team__slug=team)
    return colleagues().filter(Exists(memberships))


def longest_member(team: str, on: date) -> User | None:
    """Return who has been the longest in `team` (its slug) of its active members on that day."""
    memberships = TeamMembership.objects.filter(in_force(on), team__slug=team, user__is_active=True)
    first = memberships.select_related("user").order_by("valid_from", "id").first()
    return first.user if first else None


def board_members(on: date) -> QuerySet[User]:
    """Return the active people who sit on any board on that day, each once, by name."""
    seats = RoleHolding.objects.filter(in_force(on), user=OuterRef("pk"), role__kind=Role.Kind.BOARD)
    return colleagues().filter(Exists(seats))


def holdings_on(on: date) -> QuerySet[RoleHolding]:
    """Return the holdings that are in force on that day, with role and person, by role and name."""
    return (
        RoleHolding.objects.filter(in_force(on), user__is_active=True)
        .select_related("role", "user")
        .order_by("role__title", "user__full_name", "id")
    )


def memberships_on(on: date) -> QuerySet[TeamMembership]:
    """Return the memberships that are in force on that day, with team and person, by team and name."""
    return (
        TeamMembership.objects.filter(in_force(on), user__is_active=True)
        .select_related("team", "user")
        .order_by("team__name", "user__full_name", "id")
    )


def absent_at(now: datetime) -> Q:
    """Return the condition "this period covers the instant", for absences and deputyships."""
    return Q(starts_at__lte=now) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody who may act for somebody who is away. `role` is the slug of the one role, "" for all."""

    principal: User
    deputy: User
    role: str

    def covers(self, role: str) -> bool:
        return self.role in {"", role}


def standing_in(now: datetime) -> QuerySet[Deputyship]:
    """Return the deputyships that count at `now` (aware UTC): the principal is away, both may sign in.

    An auditor stands in for nobody: whoever became one does so no more.
    """
    away = Absence.objects.filter(absent_at(now), person=OuterRef("principal"))
    rows = Deputyship.objects.filter(
        absent_at(now),
        Exists(away),
        deputy__is_active=True,
        deputy__is_auditor=False,
        principal__is_active=True,
    )
    return rows.filter(Q(absence__isnull=True) | Q(absence__starts_at__lte=now, absence__ends_at__gt=now))


def stand_ins(
    now: datetime,
    *,
    principals: Collection[UUID] | None = None,
    deputy: UUID | None = None,
) -> list[StandIn]:
    """Return who stands in for whom at `now` (aware UTC): of these principals, by this deputy, or all.

    Only while the principal is away, and the deputy may sign in. It is no chain: whom the principal
    stands in for is not passed on. One query.
    """
    rows = standing_in(now)
    if principals is not None:
        rows = rows.filter(principal__in=list(principals))
    if deputy is not None:
        rows = rows.filter(deputy=deputy)
    found = [
        StandIn(row.principal, row.deputy, row.role.slug if row.role else "")
        for row in rows.select_related("principal", "deputy", "role").order_by("deputy__full_name", "id")
    ]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Held:
    """A role as somebody may act on it: their own, or that of somebody for whom they stand in."""

    role: str
    scope_kind: str
    scope_key: str
    principal: UUID


_HELD_BY = Statement(
    lambda marks: (
        RoleHolding.objects.filter(
            in_force(marks.day("on")), user=marks.identifier("person"), user__is_active=True
        )
        .values_list("role__slug", "scope_kind", "scope_key")
        .distinct()
    )
)
_STOOD_IN_FOR = Statement(
    lambda marks: (
        standing_in(marks.moment("now"))
        .filter(deputy=marks.identifier("deputy"))
        .values_list("principal_id", "role__slug")
    )
)


def roles_acted_on(person: UUID | str, now: datetime) -> list[Held]:
    """Return what this person may act on at `now`: their own roles, and those of whom they stand in for.

    Three queries at most.
    """
    identifier = _uuid(person)
    if identifier is None:
        return []
    on = now.astimezone(UTC).date()
    found = [Held(role, kind, key, identifier) for role, kind, key in _HELD_BY.rows(person=identifier, on=on)]
    standing = set(_STOOD_IN_FOR.rows(deputy=identifier, now=now))
    if not standing:
        return found
    rows = RoleHolding.objects.filter(
        in_force(on), user__in={principal for principal, _ in standing}, user__is_active=True
    ).values_list("role__slug", "scope_kind", "scope_key", "user_id")
    return found + [
        Held(role, kind, key, user)
        for role, kind, key, user in rows.distinct()
        if user != identifier and not standing.isdisjoint({(user, None), (user, role)})
    ]


def display_names(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the name to show for each (kind, id), in one query for each kind that needs the database.

    Kinds are those of actors, and `role` and `team` by slug. An erased or unknown person is shown as
    "former member 4f2c", another unknown thing by its own key.
    """
    wanted: dict[str, set[str]] = {}
    for kind, key in pairs:
        wanted.setdefault(str(kind), set()).add(str(key))
    found: dict[tuple[str, str], str] = {}
    for kind, keys in wanted.items():
        names = _NAMES.get(kind, _as_they_are)(keys)
        found.update({(kind, key): names.get(key, _unknown(kind, key)) for key in keys})
    return found


def _people(keys: set[str]) -> dict[str, str]:
    by_id = {identifier: key for key in keys if (identifier := _uuid(key)) is not None}
    people = User.objects.filter(pk__in=by_id).only("id", "full_name", "erased_at")
    return {by_id[person.pk]: person.display_name for person in people}


def _accounts(keys: set[str]) -> dict[str, str]:
    by_id = {identifier: key for key in keys if (identifier := _uuid(key)) is not None}
    rows = ServiceAccount.objects.filter(pk__in=by_id).values_list("pk", "slug")
    return {by_id[identifier]: slug for identifier, slug in rows}


def _roles(keys: set[str]) -> dict[str, str]:
    titles = dict(Role.objects.filter(slug__in=keys).values_list("slug", "title"))
    return {ADMINISTRATORS: "the administrators", **titles}


def _teams(keys: set[str]) -> dict[str, str]:
    return dict(Team.objects.filter(slug__in=keys).values_list("slug", "name"))


def _portal(keys: set[str]) -> dict[str, str]:
    return {key: f"opsportal ({key})" for key in keys}


def _nobody(keys: set[str]) -> dict[str, str]:
    return dict.fromkeys(keys, "somebody not signed in")


def _as_they_are(keys: set[str]) -> dict[str, str]:
    return {key: key for key in keys}


_NAMES: dict[str, Callable[[set[str]], dict[str, str]]] = {
    ActorKind.USER.value: _people,
    ActorKind.SERVICE_ACCOUNT.value: _accounts,
    ActorKind.SYSTEM.value: _portal,
    ActorKind.ANONYMOUS.value: _nobody,
    "role": _roles,
    "team": _teams,
}


def _unknown(kind: str, key: str) -> str:
    if kind == ActorKind.USER.value:
        return former_member(key)
    if kind == ActorKind.SERVICE_ACCOUNT.value:
        return f"former service account {key[:4]}"
    return key


def _uuid(value: UUID | str) -> UUID | None:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except ValueError:
        return None


def searches_of(actor: Actor, listed: str) -> list[tuple[int, str, str]]:
    """Return (number, name, query) of what a person keeps for a list, by name."""
    if not actor.is_user or actor.is_guest:
        return []
    rows = SavedSearch.objects.filter(person_id=UUID(actor.id), listed=listed).order_by("name")
    return list(rows.values_list("pk", "name", "query"))

"""Reads for access reviews: everything that anybody holds, and who came, moved or went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from compliance.models import AccessHolding, AccessReview
from opsportal.accounts.models import (
    ApiToken,
    Role,
    RoleHolding,
    ServiceAccount,
    Team,
    TeamMembership,
    User,
)
from opsportal.accounts.selectors import holdings_on, in_force, memberships_on
from opsportal.catalog.models import Service
from opsportal.core.errors import NotFound

REVIEW_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-opened_at": ("-id",),
    "opened_at": ("id",),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that one person or one service account holds, and who answers for it, where somebody does."""

    kind: str
    row_key: str
    what: str
    scope: str = ""
    person: UUID | None = None
    account: UUID | None = None
    held_from: date | None = None
    held_until: date | None = None
    reviewer: UUID | None = None

    def as_data(self) -> dict[str, str]:
        """Return the line as it is hashed: who by id, nothing of the reviewer."""
        return {
            "kind": self.kind,
            "row": self.row_key,
            "what": self.what,
            "scope": self.scope,
            "holder": str(self.person or self.account),
            "from": self.held_from.isoformat() if self.held_from else "",
            "until": self.held_until.isoformat() if self.held_until else "",
        }


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody joined, moved or left, by what, when (aware UTC)."""

    kind: str
    person: UUID
    what: str
    at: datetime


def held_now(now: datetime) -> list[Held]:
    """Return everything that is held at `now`, in an order of its own. A fixed number of queries.

    Members of a team, holders of a role for a team or service, and tokens of a team's service accounts are
    reviewed by who has been in that team the longest; the rest by nobody in particular.
    """
    on = now.astimezone(UTC).date()
    elders = _elders(on)
    teams_of_services = dict(Service.objects.values_list("slug", "owner_team__slug"))
    lines: list[Held] = []
    for holding in holdings_on(on):
        team = holding.scope_key if holding.scope_kind == "team" else ""
        team = team or teams_of_services.get(holding.scope_key, "")
        scope = f"{holding.scope_kind} {holding.scope_key}" if holding.scope_kind else ""
        lines.append(
            Held(
                "board" if holding.role.kind == Role.Kind.BOARD else "role",
                str(holding.pk),
                holding.role.slug,
                scope,
                person=holding.user_id,
                held_from=holding.valid_from,
                held_until=holding.valid_until,
                reviewer=_other(elders.get(team, []), holding.user_id),
            )
        )
    for membership in memberships_on(on):
        lines.append(
            Held(
                "team",
                str(membership.pk),
                membership.team.slug,
                person=membership.user_id,
                held_from=membership.valid_from,
                held_until=membership.valid_until,
                reviewer=_other(elders.get(membership.team.slug, []), membership.user_id),
            )
        )
    for person in User.objects.filter(Q(is_staff=True) | Q(is_auditor=True), is_active=True).order_by("pk"):
        kind = "administrator" if person.is_staff else "auditor"
        lines.append(Held(kind, str(person.pk), kind, person=person.pk))
    for token in _tokens(now):
        team = token.account.team.slug if token.account.team else ""
        lines.append(
            Held(
                "token",
                str(token.pk),
                f"{token.prefix}… {' '.join(token.scopes)}"[:400],
                token.account.slug,
                account=token.account_id,
                held_from=token.created_at.astimezone(UTC).date(),
                held_until=token.expires_at.astimezone(UTC).date(),
                reviewer=_other(elders.get(team, []), None),
            )
        )
    return lines


def _tokens(now: datetime) -> list[ApiToken]:
    rows = ApiToken.objects.filter(revoked_at__isnull=True, expires_at__gt=now, account__state="active")
    return list(rows.select_related("account__team").order_by("account__slug", "pk"))


def _elders(on: date) -> dict[str, list[UUID]]:
    """Return for each team the two who have been in it the longest."""
    rows = TeamMembership.objects.filter(in_force(on), user__is_active=True)
    found: dict[str, list[UUID]] = {}
    for team, person in rows.order_by("valid_from", "id").values_list("team__slug", "user_id"):
        known = found.setdefault(team, [])
        if len(known) < 2 and person not in known:
            known.append(person)
    return found


def _other(people: list[UUID], holder: UUID | None) -> UUID | None:
    return next((person for person in people if person != holder), None)


def is_over(holding: AccessHolding, now: datetime) -> bool:
    """Return whether nobody holds this line at `now` any more."""
    on = now.astimezone(UTC).date()
    match holding.kind:
        case "role" | "board":
            rows = RoleHolding.objects.filter(in_force(on), pk=holding.row_key, user__is_active=True)
            return not rows.exists()
        case "team":
            members = TeamMembership.objects.filter(in_force(on), pk=holding.row_key, user__is_active=True)
            return not members.exists()
        case "token":
            tokens = ApiToken.objects.filter(
                pk=holding.row_key, revoked_at__isnull=True, expires_at__gt=now, account__state="active"
            )
            return not tokens.exists()
        case _:
            flag = "is_staff" if holding.kind == "administrator" else "is_auditor"
            return not User.objects.filter(pk=holding.row_key, is_active=True, **{flag: True}).exists()


def moves_between(since: datetime | None, now: datetime) -> list[Move]:
    """Return who joined, moved or left after `since` (None: ever) until `now`, by history, oldest first.

    Who was made known meanwhile joined; who may not sign in any more left; others whose roles or teams
    changed moved. Each person's first reason of a kind stands for all.
    """
    people = User.history.filter(history_date__lte=now)
    people = people.filter(history_date__gt=since) if since else people
    moves: list[Move] = []
    joined: set[UUID] = set()
    for row in people.order_by("history_date", "history_id"):
        if row.history_type == "+":
            joined.add(row.id)
            moves.append(Move("joiner", row.id, "made known to the portal", row.history_date))
    moves += _leavers(people, _inactive_at(since))
    left = {move.person for move in moves if move.kind == "leaver"}
    moved: set[UUID] = set()
    for person, what, at in sorted(_changes(since, now), key=lambda one: one[2]):
        if person not in joined and person not in left and person not in moved:
            moved.add(person)
            moves.append(Move("mover", person, what, at))
    return sorted(moves, key=lambda move: (move.at, str(move.person)))


def _inactive_at(since: datetime | None) -> dict[UUID, bool]:
    """Return whether those of whom something is known could sign in at `since`."""
    if since is None:
        return {}
    rows = User.history.filter(history_date__lte=since).order_by("history_date", "history_id")
    return dict(rows.values_list("id", "is_active"))


def _leavers(people: Any, active: dict[UUID, bool]) -> list[Move]:
    latest: dict[UUID, Move] = {}
    for row in people.order_by("history_date", "history_id"):
        if row.is_active:
            latest.pop(row.id, None)
        elif active.get(row.id, True):
            what = "erased" if row.erased_at else "may not sign in any more"
            latest.setdefault(row.id, Move("leaver", row.id, what, row.history_date))
        active[row.id] = row.is_active
    return list(latest.values())


def _changes(since: datetime | None, now: datetime) -> list[tuple[UUID, str, datetime]]:
    words = {"+": "was given", "~": "kept until another day", "-": "lost"}
    found: list[tuple[UUID, str, datetime]] = []
    titles = dict(Role.objects.values_list("pk", "slug"))
    roles = RoleHolding.history.filter(history_date__lte=now)
    for row in roles.filter(history_date__gt=since) if since else roles:
        what = f"{words[row.history_type]} the role {titles.get(row.role_id, '')}"
        found.append((row.user_id, what, row.history_date))
    names = dict(Team.objects.values_list("pk", "slug"))
    teams = TeamMembership.history.filter(history_date__lte=now)
    for row in teams.filter(history_date__gt=since) if since else teams:
        what = f"{words[row.history_type]} a place in the team {names.get(row.team_id, '')}"
        found.append((row.user_id, what, row.history_date))
    return found


def review_seen(pk: int) -> AccessReview:
    """Return one access review. Raises `NotFound`."""
    found = AccessReview.objects.select_related("opened_by").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such access review.")
    return found


def accounts_named(holdings: list[AccessHolding]) -> dict[UUID, str]:
    """Return the slugs of the service accounts among these lines."""
    wanted = {holding.account_id for holding in holdings if holding.account_id}
    return dict(ServiceAccount.objects.filter(pk__in=wanted).values_list("pk", "slug"))

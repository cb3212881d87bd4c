"""People, roles, services and machines for tests, made through the portal's own services."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from opsportal.accounts.models import Absence, ApiToken, Role, RoleHolding, Team, TeamMembership, User
from opsportal.accounts.services import (
    absence_record,
    deputy_name,
    role_declare,
    role_grant,
    service_account_create,
    team_create,
    team_join,
    token_create,
    user_create,
)
from opsportal.catalog.models import Environment, Service
from opsportal.catalog.services import environment_create, service_create
from opsportal.core.actor import Actor

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""A Monday."""
TODAY = NOW.date()
LONG_AGO = date(2025, 1, 1)
ROOT = Actor.system("tests")
"""The portal itself, which may administer."""
PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def make_user(email: str = "", *, name: str = "", staff: bool = False, **more: Any) -> User:
    """Return a new person with `PASSWORD`, an administrator if `staff`."""
    number = next(_numbers)
    return user_create(
        actor=ROOT,
        now=NOW,
        email=email or f"person{number}@example.org",
        full_name=name or f"Person {number}",
        password=PASSWORD,
        is_staff=staff,
        **more,
    )


def make_team(slug: str = "", *members: User) -> Team:
    """Return a new team of which `members` have been members for long."""
    slug = slug or f"team-{next(_numbers)}"
    team = team_create(actor=ROOT, now=NOW, slug=slug, name=slug.replace("-", " ").title())
    for member in members:
        join(team, member)
    return team


def join(team: Team, user: User, since: date = LONG_AGO, until: date | None = None) -> TeamMembership:
    """Make `user` a member of `team`."""
    return team_join(
        actor=ROOT, now=NOW, team=team.slug, user_id=user.pk, valid_from=since, valid_until=until
    )


def make_role(slug: str = "", kind: str = "board") -> Role:
    """Return the role or board with this slug, declared where it was not."""
    slug = slug or f"role-{next(_numbers)}"
    return role_declare(actor=ROOT, now=NOW, slug=slug, title=slug.replace("-", " ").title(), kind=kind)


def grant(
    role: Role | str, user: User, since: date = LONG_AGO, until: date | None = None, **scope: str
) -> RoleHolding:
    """Let `user` hold `role`; `scope_kind="service", scope_key="payments-api"` limits it."""
    slug = role if isinstance(role, str) else role.slug
    return role_grant(
        actor=ROOT, now=NOW, role=slug, user_id=user.pk, valid_from=since, valid_until=until, **scope
    )


def away(
    principal: User, deputy: User | None = None, *, role: str = "", days: int = 3, now: datetime = NOW
) -> Absence:
    """Let `principal` be away from `now` for so many days, and `deputy` stand in for them in it."""
    absence = absence_record(actor=ROOT, now=now, person_id=principal.pk, ends_at=now + timedelta(days=days))
    if deputy is not None:
        deputy_name(
            actor=ROOT,
            now=now,
            principal_id=principal.pk,
            deputy_id=deputy.pk,
            role=role,
            absence_id=absence.pk,
        )
    return absence


def make_token(
    scopes: Iterable[str], *, account: str = "", now: datetime = NOW, days: int = 365
) -> tuple[ApiToken, str]:
    """Return a new token of a service account (made where it is missing), and its secret."""
    slug = account or f"machine-{next(_numbers)}"
    service_account_create(actor=ROOT, now=now, slug=slug)
    return token_create(actor=ROOT, now=now, account=slug, scopes=scopes, expires_days=days)


def make_service(slug: str = "", *, team: Team | None = None, **more: Any) -> Service:
    """Return a new service of tier `core` with internal data, unless said otherwise."""
    slug = slug or f"service-{next(_numbers)}"
    values: dict[str, Any] = {
        "name": slug.replace("-", " ").title(),
        "tier": "core",
        "data_classification": "internal",
        "owner_team": (team or make_team()).slug,
        **more,
    }
    return service_create(actor=ROOT, now=NOW, slug=slug, **values)


def make_environment(slug: str = "production", *, kind: str = "production", **more: Any) -> Environment:
    """Return a new environment."""
    return environment_create(actor=ROOT, now=NOW, slug=slug, name=slug.title(), kind=kind, **more)

"""Writes of roles and boards, and of who holds them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from opsportal.accounts.models import Role, RoleHolding, Team
from opsportal.accounts.services.periods import overlaps, require_end, require_period, utc_day
from opsportal.accounts.services.rows import locked_user, record, require_of_the_house
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.registry import Registry
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.writes import write

scope_kinds: Registry[Callable[[str], bool]] = Registry("kinds of role scopes")
"""What a role may be limited to: kind -> is there such a one? `catalog` adds `service`."""


def team_exists(slug: str) -> bool:
    """Return whether a role may be limited to this team."""
    return Team.objects.filter(slug=slug).exists()


def role_declare(*, actor: Actor, now: datetime, slug: str, title: str, kind: str) -> Role:
    """Make a role or board known, or bring its title and kind up to date, and return it.

    Standards declare theirs when they are activated; unchanged, nothing is written. `kind` is
    `board` or `job`. Raises `Forbidden`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "accounts.administer")
        slug = clean_slug(slug, field="slug")
        title = clean_text(title, field="title", max_length=120, required=True, lines=False)
        if kind not in Role.Kind.values:
            raise InvalidInput.of("kind", "unknown_kind", f"Must be one of: {', '.join(Role.Kind.values)}.")
        # Two activations at once: the second one waits for the row that the first one makes.
        role, made = Role.objects.select_for_update().get_or_create(
            slug=slug, defaults={"title": title, "kind": kind}
        )
        if not made:
            if (role.title, role.kind) == (title, kind):
                return role
            role.title, role.kind = title, kind
            role.version += 1
            role.save()
        record(actor=actor, now=now, action="role.declared", kind="role", key=slug, data={"kind": kind})
        return role


def role_grant(
    *,
    actor: Actor,
    now: datetime,
    role: str,
    user_id: UUID | str,
    valid_from: date,
    valid_until: date | None = None,
    scope_kind: str = "",
    scope_key: str = "",
) -> RoleHolding:
    """Let a person hold `role` (its slug) for a period, everywhere or for one service or team.

    Returns the holding. Nobody grants a role to themselves (reliability S8). Raises `NotFound`,
    `Forbidden`, `InvalidInput`, and `Conflict` ("inactive", "erased", or "already_held" where they
    hold it for the same scope on one of these days).
    """
    with write(actor=actor, now=now):
        row = Role.objects.select_for_update().filter(slug=role).first()  # a twin waits for us here
        if row is None:
            raise NotFound("There is no such role.")
        user = locked_user(user_id)
        require(actor, "user.promote", user)
        require_period(valid_from, valid_until)
        require_scope(scope_kind, scope_key)
        require_of_the_house(user)
        same_scope = row.holdings.filter(user=user, scope_kind=scope_kind, scope_key=scope_key)
        if any(overlaps((valid_from, valid_until), (h.valid_from, h.valid_until)) for h in same_scope):
            raise Conflict("They hold this role in that period already.", code="already_held")
        holding = RoleHolding.objects.create(
            role=row,
            user=user,
            valid_from=valid_from,
            valid_until=valid_until,
            scope_kind=scope_kind,
            scope_key=scope_key,
        )
        _record(actor, now, "role.granted", holding)
        return holding


def role_end(*, actor: Actor, now: datetime, holding_id: int, last_day: date) -> None:
    """Let a holding end with `last_day`; yesterday ends it at once.

    One that would end before it starts goes; its history stays. Raises `NotFound`, `Forbidden`,
    `InvalidInput`.
    """
    with write(actor=actor, now=now):
        holding = (
            RoleHolding.objects.select_for_update(of=("self",))
            .select_related("role")
            .filter(pk=holding_id)
            .first()
        )
        if holding is None:
            raise NotFound("There is no such holding.")
        require(actor, "accounts.administer")
        require_end((holding.valid_from, holding.valid_until), last_day, utc_day(now))
        holding.valid_until = last_day
        _record(actor, now, "role.ended", holding)
        if last_day < holding.valid_from:
            holding.delete()
        else:
            holding.save()


def require_scope(kind: str, key: str) -> None:
    """Raise `InvalidInput` where a role cannot be limited so: no such kind, or nothing of that key."""
    if not kind:
        if key:
            raise InvalidInput.of("scope_key", "without_kind", "Say whether this is a service or a team.")
        return
    known = scope_kinds.get(kind)
    if known is None:
        raise InvalidInput.of("scope_kind", "unknown_kind", f"Must be one of: {', '.join(scope_kinds)}.")
    if not known(key):
        raise InvalidInput.of("scope_key", f"unknown_{kind}", f"There is no such {kind}.")


def _record(actor: Actor, now: datetime, action: str, holding: RoleHolding) -> None:
    data = {
        "user": str(holding.user_id),
        "from": holding.valid_from.isoformat(),
        "until": holding.valid_until.isoformat() if holding.valid_until else None,
        "scope_kind": holding.scope_kind,
        "scope_key": holding.scope_key,
    }
    record(actor=actor, now=now, action=action, kind="role", key=holding.role.slug, data=data)

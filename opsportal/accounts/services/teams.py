"""Writes of teams, and of who belongs to them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError

from opsportal.accounts.models import Team, TeamMembership
from opsportal.accounts.services.periods import overlaps, require_end, require_period, utc_day
from opsportal.accounts.services.rows import locked_user, record, require_of_the_house
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_DESCRIPTION = 2_000


def team_create(*, actor: Actor, now: datetime, slug: str, name: str, description: str = "") -> Team:
    """Store a team and return it. Raises `Forbidden`, `InvalidInput`."""
    with write(actor=actor, now=now):
        require(actor, "accounts.administer")
        team = Team(
            slug=clean_slug(slug, field="slug"), name=_name(name), description=_description(description)
        )
        taken = InvalidInput.of("slug", "taken", "There is a team with this slug already.")
        if Team.objects.filter(slug=team.slug).exists():
            raise taken
        try:
            team.save()
        except IntegrityError:  # somebody else took it between the look and the save
            raise taken from None
        record(actor=actor, now=now, action="team.created", kind="team", key=team.slug, data={})
        return team


def team_update(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    version: int | None = None,
    name: str | None = None,
    description: str | None = None,
) -> Team:
    """Change what is given, leave what is None, and return the team.

    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        team = _locked(slug)
        require(actor, "accounts.administer")
        require_version(team, version)
        wanted = {
            "name": None if name is None else _name(name),
            "description": None if description is None else _description(description),
        }
        changed = {field: v for field, v in wanted.items() if v is not None and v != getattr(team, field)}
        if not changed:
            return team
        for field, value in changed.items():
            setattr(team, field, value)
        team.version += 1
        team.save()
        data = {"fields": sorted(changed)}
        record(actor=actor, now=now, action="team.updated", kind="team", key=team.slug, data=data)
        return team


def team_join(
    *,
    actor: Actor,
    now: datetime,
    team: str,
    user_id: UUID | str,
    valid_from: date,
    valid_until: date | None = None,
) -> TeamMembership:
    """Make a person a member of a team (its slug) for a period, and return the membership.

    Raises `NotFound`, `Forbidden`, `InvalidInput`, and `Conflict` ("inactive", "erased", or
    "already_member" where the period meets another of theirs in this team).
    """
    with write(actor=actor, now=now):
        row = _locked(team)  # two who add the same person wait for each other here
        require(actor, "accounts.administer")
        user = locked_user(user_id)
        require_period(valid_from, valid_until)
        require_of_the_house(user)
        period = (valid_from, valid_until)
        if any(overlaps(period, (m.valid_from, m.valid_until)) for m in row.memberships.filter(user=user)):
            raise Conflict("They belong to this team in that period already.", code="already_member")
        membership = TeamMembership.objects.create(
            team=row, user=user, valid_from=valid_from, valid_until=valid_until
        )
        _record(actor, now, "team.joined", membership)
        return membership


def team_leave(*, actor: Actor, now: datetime, membership_id: int, last_day: date) -> None:
    """Let a membership end with `last_day`; yesterday ends it at once.

    One that would end before it starts goes; its history stays. Raises `NotFound`, `Forbidden`,
    `InvalidInput`.
    """
    with write(actor=actor, now=now):
        membership = (
            TeamMembership.objects.select_for_update(of=("self",))
            .select_related("team")
            .filter(pk=membership_id)
            .first()
        )
        if membership is None:
            raise NotFound("There is no such membership.")
        require(actor, "accounts.administer")
        require_end((membership.valid_from, membership.valid_until), last_day, utc_day(now))
        membership.valid_until = last_day
        _record(actor, now, "team.left", membership)
        if last_day < membership.valid_from:
            membership.delete()
        else:
            membership.save()


def _locked(slug: str) -> Team:
    team = Team.objects.select_for_update().filter(slug=slug).first()
    if team is None:
        raise NotFound("There is no such team.")
    return team


def _name(value: str) -> str:
    return clean_text(value, field="name", max_length=120, required=True, lines=False)


def _description(value: str) -> str:
    return clean_text(value, field="description", max_length=MAX_DESCRIPTION)


def _record(actor: Actor, now: datetime, action: str, membership: TeamMembership) -> None:
    data = {
        "user": str(membership.user_id),
        "from": membership.valid_from.isoformat(),
        "until": membership.valid_until.isoformat() if membership.valid_until else None,
    }
    record(actor=actor, now=now, action=action, kind="team", key=membership.team.slug, data=data)

"""A schedule under lock, what its actor is to it, and what is left behind by a write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.models import Schedule
from incidents.permissions.oncall import LEADING, ScheduleCase
from incidents.selectors.oncall import settings_of
from opsportal.accounts.models import Team
from opsportal.accounts.selectors import roles_of, teams_of
from opsportal.accounts.services.periods import utc_day
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.outbox.services import outbox_put

KIND = "schedule"


def schedule_locked(slug: str) -> Schedule:
    """Return the schedule, locked until the write is over. Raises `NotFound`."""
    found = Schedule.objects.select_for_update().filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


def refuse_retired(schedule: Schedule) -> None:
    """Raise `Conflict` for a schedule that is out of use."""
    if schedule.state != "active":
        raise Conflict(f"{schedule.name} is retired; nothing of it changes any more.", code="retired")


def case_of(actor: Actor, schedule: Schedule, now: datetime) -> ScheduleCase:
    """Return what the actor is to the schedule at `now`."""
    if not actor.is_user or actor.is_staff:
        return ScheduleCase()
    team, day = schedule.team.slug if schedule.team else "", utc_day(now)
    return ScheduleCase(
        of_the_team=bool(team) and team in teams_of(actor.id, day),
        takes_part=actor.id in settings_of(schedule).people,
        leads=not LEADING.isdisjoint(roles_of(actor.id, day, teams=[team] if team else [])),
    )


def team_case(actor: Actor, team: Team | None, now: datetime) -> ScheduleCase:
    """Return what the actor is to a schedule that does not exist yet."""
    belongs = team is not None and actor.is_user and team.slug in teams_of(actor.id, utc_day(now))
    return ScheduleCase(of_the_team=belongs)


def clean_team(slug: object) -> Team | None:
    """Return the team of this slug, None for none. Raises `InvalidInput` at `team`."""
    if slug is None or slug == "":
        return None
    found = Team.objects.filter(slug=slug).first() if isinstance(slug, str) else None
    if found is None:
        raise InvalidInput.of("team", "unknown", "There is no such team.")
    return found


def record(
    schedule: Schedule,
    *,
    actor: Actor,
    now: datetime,
    event: str,
    data: Mapping[str, JSON] | None = None,
    kind: str = KIND,
) -> None:
    """Write the audit entry `<kind>.<event>` and tell the topic `incidents.<kind>.<event>`."""
    about: dict[str, JSON] = {"version": schedule.version, "settings": schedule.latest, **(data or {})}
    audit_record(
        actor=actor,
        now=now,
        action=f"{kind}.{event}",
        object_kind=KIND,
        object_key=schedule.slug,
        data=about,
    )
    payload: dict[str, Any] = {
        "schedule": schedule.slug,
        "pk": schedule.pk,
        "actor": str(actor),
        "at": now.isoformat(),
        **about,
    }
    outbox_put(now=now, topic=f"incidents.{kind}.{event}", key=schedule.slug, payload=payload)

"""What other pages show of on-call: one's own shifts, and who is called for a service or in a team."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.models import Schedule
from incidents.oncall import roles
from incidents.selectors.oncall import AHEAD, Shift, on_call_now, shifts_of
from opsportal.accounts.models import Team, User
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, SearchHit, panels, search_sources

MOST = 5


def own_shifts(actor: Actor, now: datetime, _subject: Any) -> dict[str, Any] | None:
    """Return whether the reader is on call now and when next, or None where neither is so."""
    if not actor.is_user:
        return None
    lines = _lines(shifts_of(actor.id, now, now + AHEAD), now)
    return {"lines": lines[:MOST], "horizon": now + AHEAD} if lines else None


def shifts_of_person(_actor: Actor, now: datetime, subject: User) -> dict[str, Any] | None:
    """Return the shifts of a person in the weeks ahead, or None where there are none."""
    lines = _lines(shifts_of(subject.pk, now, now + AHEAD), now)
    return {"lines": lines[:MOST], "horizon": now + AHEAD, "person": subject} if lines else None


def called_for_service(_actor: Actor, now: datetime, subject: Service) -> dict[str, Any] | None:
    """Return who is on call for a service: by the schedules of the team that owns it."""
    return _called(now, Schedule.objects.filter(team=subject.owner_team_id))


def called_in_team(_actor: Actor, now: datetime, subject: Team) -> dict[str, Any] | None:
    """Return who is on call in a team."""
    return _called(now, Schedule.objects.filter(team=subject.pk))


def search(_actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find schedules by a part of their name."""
    rows = Schedule.objects.filter(name__icontains=text, state="active")[:limit]
    return [SearchHit(row.slug, row.name, "On-call schedule", f"/oncall/{row.slug}/") for row in rows]


def _called(now: datetime, rows: Any) -> dict[str, Any] | None:
    schedules = list(rows.filter(state="active")[:MOST])
    if not schedules:
        return None
    found = on_call_now(schedules, now)
    return {
        "lines": [
            {
                "schedule": row,
                "on_call": [
                    {"user_id": one.user_id, "role": roles.TITLES[one.role], "until": one.until}
                    for one in found.get(row.pk, [])
                ],
            }
            for row in schedules
        ]
    }


def _lines(shifts: list[Shift], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "schedule": one.schedule,
            "role": roles.TITLES[one.stint.duty.role],
            "start": one.stint.start,
            "end": one.stint.end,
            "is_now": one.stint.start <= now,
        }
        for one in shifts
    ]


def register() -> None:
    """Put this area's panels and search source where they belong."""
    panels.add("incidents.own_shifts", Panel("home.on", 5, "incidents/oncall/panel_own.html", own_shifts))
    panels.add(
        "incidents.shifts_of_person",
        Panel("person.main", 20, "incidents/oncall/panel_person.html", shifts_of_person),
    )
    panels.add(
        "incidents.called_for_service",
        Panel("service.aside", 5, "incidents/oncall/panel_called.html", called_for_service),
    )
    panels.add(
        "incidents.called_in_team",
        Panel("team.main", 20, "incidents/oncall/panel_called.html", called_in_team),
    )
    search_sources.add("oncall", search)

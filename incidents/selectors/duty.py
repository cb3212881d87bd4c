"""Who is on call for something: by one schedule, or by those of the teams that look after it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from incidents.models import Schedule
from incidents.selectors.oncall import on_call_at


def on_call_by_schedule(slug: str, role: str, at: datetime) -> list[str]:
    """Return the ids of those who are on call by a schedule at an instant (aware), of one role if given."""
    return list(dict.fromkeys(one.user_id for one in on_call_at(slug, at, role or None)))


def on_call_for_teams(teams: Collection[str], role: str, at: datetime) -> list[str]:
    """Return the ids of those who are on call by the schedules of these teams (slugs), each once."""
    slugs = Schedule.objects.filter(team__slug__in=list(teams), state="active").order_by("slug")
    people = [
        one for slug in slugs.values_list("slug", flat=True) for one in on_call_by_schedule(slug, role, at)
    ]
    return list(dict.fromkeys(people))

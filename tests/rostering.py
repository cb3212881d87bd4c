"""On-call schedules for tests, made through the portal's own services."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from incidents.models import Override, Schedule
from incidents.services.oncall import override_create, schedule_create
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from tests.makers import NOW, ROOT

_numbers = itertools.count(1)


def settings_data(*groups: User | list[User], zone: str = "UTC", **rotation: Any) -> dict[str, Any]:
    """Return settings of one layer "Days": daily turns of these people at 09:00, from NOW's day on."""
    people = [group if isinstance(group, list) else [group] for group in groups]
    return {
        "time_zone": zone,
        "layers": [
            {
                "name": "Days",
                "rotation": {
                    "start": f"{NOW.date()}T09:00",
                    "unit": "day",
                    "groups": [[str(person.pk) for person in group] for group in people],
                    **rotation,
                },
            }
        ],
    }


def make_schedule(
    *groups: User | list[User],
    slug: str = "",
    actor: Actor = ROOT,
    now: datetime = NOW,
    settings: dict[str, Any] | None = None,
    **fields: Any,
) -> Schedule:
    """Return a new schedule of `settings_data`, or of these settings."""
    slug = slug or f"schedule-{next(_numbers)}"
    return schedule_create(
        actor=actor,
        now=now,
        slug=slug,
        name=slug.replace("-", " ").capitalize(),
        settings=settings or settings_data(*groups),
        **fields,
    )


def make_override(
    schedule: Schedule,
    kind: str = "replace",
    *people: User,
    start: datetime = NOW,
    hours: float = 2,
    actor: Actor = ROOT,
    now: datetime = NOW,
    instead_of: User | None = None,
    **fields: Any,
) -> Override:
    """Return a new exception from the schedule."""
    return override_create(
        actor=actor,
        now=now,
        schedule=schedule.slug,
        kind=kind,
        start=start,
        end=start + timedelta(hours=hours),
        people=[str(person.pk) for person in people],
        instead_of=str(instead_of.pk) if instead_of else "",
        **fields,
    )

"""The timeline: lines that are written once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.models import Incident, IncidentEntry
from opsportal.core.actor import Actor


def entry_add(
    *,
    actor: Actor,
    now: datetime,
    incident: Incident,
    kind: str,
    text: str = "",
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    replaces: IncidentEntry | None = None,
) -> IncidentEntry:
    """Write a line on the timeline of `incident`, inside the caller's write, and return it.

    `kind` is one word (`escalated`); `text` is what people read, without names of persons, who stand in
    `data` by id; `at` (aware UTC) is when it happened, `now` unless said otherwise. With `replaces` it
    stands in the place of that line.
    """
    return IncidentEntry.objects.create(
        incident=incident,
        at=at or now,
        recorded_at=now,
        kind=kind,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        text=text,
        data=dict(data or {}),
        replaces=replaces,
    )

"""Notices of announced work, in step with the change itself: announced, moved, begun, done, called off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from incidents.models import StatusComponent, StatusNotice
from incidents.services.statuspage.notices import notice_move, notice_put
from opsportal.catalog.models import Environment
from opsportal.core.actor import Actor
from opsportal.core.registry import CalendarEntry, announced_work
from opsportal.core.writes import write

ACTOR = Actor.system("incidents.statuspage")
_STATES = {
    "scheduled": "scheduled",
    "implementing": "in_progress",
    "failed": "in_progress",
    "implemented": "completed",
    "rolled_back": "completed",
    "closed": "completed",
}
_WORDS = {
    "scheduled": "This work is planned. {names} may not be available meanwhile.",
    "moved": "This work will take place at another time.",
    "in_progress": "The work has begun.",
    "completed": "The work is done.",
    "cancelled": "This work will not take place.",
}


def maintenance_follow(*, now: datetime, key: str, actor: Actor = ACTOR) -> StatusNotice | None:
    """Bring the notice of the work `key` (`CHG-7`) in step with it, and return it; None where it needs none.

    Announced is what touches production, has a window and is scheduled or under way, for the components
    that announce by themselves; the words are the page's own, since those of a change are for insiders.
    The same state twice changes nothing.
    """
    with write(actor=actor, now=now):
        entry = next((found for source in announced_work.values() if (found := source(key))), None)
        notice = StatusNotice.objects.select_for_update().filter(source=key).first()
        state = _STATES.get(entry.state, "cancelled") if entry is not None else "cancelled"
        if notice is None:
            components = _components(entry) if entry is not None else []
            if entry is None or not components or state not in ("scheduled", "in_progress"):
                return None
            return _announce(entry, components, state, now, actor)
        return _move(notice, entry, state, now, actor)


def _announce(
    entry: CalendarEntry, components: list[StatusComponent], state: str, now: datetime, actor: Actor
) -> StatusNotice:
    names = _names(components)
    return notice_put(
        actor=actor,
        now=now,
        kind="maintenance",
        title=f"Maintenance: {names}"[:200],
        text=_WORDS[state].format(names=names),
        impacts={one.slug: "maintenance" for one in components},
        state=state,
        starts_at=entry.start,
        ends_at=max(entry.end, entry.start),
        source=entry.key,
    )


def _move(
    notice: StatusNotice, entry: CalendarEntry | None, state: str, now: datetime, actor: Actor
) -> StatusNotice:
    moved = (
        entry is not None
        and state == "scheduled"
        and (notice.starts_at, notice.ends_at) != (entry.start, entry.end)
    )
    if notice.state == state and not moved:
        return notice
    if notice.state == "completed" or (notice.state, state) == ("cancelled", "completed"):
        return notice
    word = "moved" if moved and notice.state == "scheduled" else state
    return notice_move(
        actor=actor,
        now=now,
        pk=notice.pk,
        state=state,
        text=_WORDS[word].format(names=_names([part.component for part in notice.parts.all()])),
        starts_at=entry.start if moved and entry else None,
        ends_at=entry.end if moved and entry else None,
    )


def _components(entry: CalendarEntry) -> list[StatusComponent]:
    places = Environment.objects.filter(slug__in=entry.environments, kind=Environment.Kind.PRODUCTION)
    if not places.exists():
        return []
    shown = StatusComponent.objects.filter(state="shown", announces=StatusComponent.Announces.ITSELF)
    return list(shown.filter(service__slug__in=entry.services))


def _names(components: Iterable[StatusComponent]) -> str:
    return ", ".join(one.name for one in components)

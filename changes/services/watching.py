"""Watching a change, and stopping to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from changes.models import ChangeWatch
from changes.services.events import record
from changes.services.scene import scene_locked
from changes.states import WATCH
from opsportal.core.actor import Actor
from opsportal.core.writes import write


def change_watch(*, actor: Actor, now: datetime, pk: int) -> ChangeWatch:
    """Let the person be told of what happens to a change. Twice is the same as once.

    Raises `NotFound` and `Forbidden`.
    """
    return _chosen(actor=actor, now=now, pk=pk, state="watching")


def change_unwatch(*, actor: Actor, now: datetime, pk: int) -> ChangeWatch:
    """Let the person be told no more, also where they have a part in it: but of decisions and holds on what
    they work on, and where they are mentioned. Raises as `change_watch`.
    """
    return _chosen(actor=actor, now=now, pk=pk, state="muted")


def _chosen(*, actor: Actor, now: datetime, pk: int, state: str) -> ChangeWatch:
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        scene.require(actor, "watch", now)
        row = ChangeWatch.objects.filter(change=scene.change, person_id=UUID(actor.id)).first()
        if row is None:
            row = ChangeWatch(change=scene.change, person_id=UUID(actor.id), state=state, since=now)
        elif row.state == state:
            return row
        else:
            row.state, row.since = WATCH.move(row.state, "mute" if state == "muted" else "watch"), now
        row.save()
        record(scene, actor=actor, now=now, action="watched" if state == "watching" else "unwatched")
        return row

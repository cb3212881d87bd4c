"""Stopping a change for the time being, in whatever state, and letting it go on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from changes.models import Change
from changes.services.events import record
from changes.services.reasons import clean_reason
from changes.services.scene import scene_locked
from changes.states import CHANGE, HOLDABLE
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, IllegalMove
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def change_hold(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Change:
    """Hold a change, with a reason, and return it: it cannot start, and the gate lets nothing of it pass.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove` for a draft or one that is over,
    and `Conflict` with code `held` where it is held already.
    """
    text = clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "hold", now)
        require_version(change, version)
        if change.state not in HOLDABLE:
            raise IllegalMove(f"A change that is {CHANGE.names[change.state].lower()} cannot be held.")
        if change.held_at is not None:
            raise Conflict("This change is held already.", code="held")
        change.held_at, change.held_by_id, change.held_reason = now, UUID(actor.id), text
        scene.save(now)
        record(scene, actor=actor, now=now, action="held")
        return change


def change_release(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Change:
    """Release a held change and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `Conflict` with code `not_held`.
    """
    text = clean_reason(reason)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "release", now)
        require_version(change, version)
        if change.held_at is None:
            raise Conflict("This change is not held.", code="not_held")
        change.held_at = change.held_by = None
        change.held_reason = ""
        scene.save(now)
        record(scene, actor=actor, now=now, action="released")
        return change

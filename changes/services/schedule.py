"""Fixing an approved change to its window."""

from __future__ import annotations

from datetime import datetime

from changes.models import Change
from changes.services.events import happened
from changes.services.freezing import freezes_met, record_passed
from changes.services.reasons import refuse
from changes.services.scene import scene_locked
from changes.services.windows import schedule_reasons
from changes.states import CHANGE
from opsportal.calendar.almanac import remaining
from opsportal.core.actor import Actor
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.standards import engine


def change_schedule(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Change:
    """Schedule an approved change for its window, which is not over, and return it.

    Raises `RuleRefused` with every reason of the window, of freezes over it and of the standard, and
    `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "schedule", now)
        require_version(change, version)
        state = CHANGE.move(change.state, "schedule")
        decision = engine.decide(scene.standard, "change.schedule", scene.facts(now))
        met = freezes_met(
            scene, actor=actor, now=now, period=remaining(change.window_start, change.window_end, now)
        )
        refuse(
            [
                *schedule_reasons(change.window_start, change.window_end, now),
                *met.reasons,
                *decision.reasons,
            ]
        )
        change.state = state
        scene.save(now)
        record_passed(scene, met, actor=actor, now=now, step="schedule")
        happened(scene, actor=actor, now=now, event="scheduled")
        return change

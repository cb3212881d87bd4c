"""What is to be done while an incident lasts: tasks with an owner and a time."""

from __future__ import annotations

from datetime import datetime

from incidents.models import IncidentTask
from incidents.services.response.events import record
from incidents.services.response.fields import clean_choice, clean_person, clean_title
from incidents.services.response.scene import Scene, scene_locked
from incidents.states import TASK
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.errors import IllegalMove, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_TASKS = 500
_LEFT_OUT = object()


def incident_task_add(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    title: object,
    owner: object = "",
    due_at: datetime | None = None,
) -> IncidentTask:
    """Add a task and return it. `owner` is an id or an e-mail address, or nobody; `due_at` is aware UTC.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, and `IllegalMove` for a merged incident.
    """
    words = clean_title(title)
    due = clean_moment(due_at, field="due_at") if due_at is not None else None
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "task", now)
        if scene.incident.state == "merged":
            raise IllegalMove("This incident was merged into another one; add the task there.")
        if scene.incident.tasks.count() >= MAX_TASKS:
            raise InvalidInput.of("title", "too_many", f"An incident has {MAX_TASKS} tasks at most.")
        task = IncidentTask.objects.create(
            incident=scene.incident, title=words, owner=_owner(owner), due_at=due, created_at=now
        )
        _tell(scene, task, "task_added", actor=actor, now=now)
        return task


def incident_task_change(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    task: int,
    verb: object = "",
    title: object = _LEFT_OUT,
    owner: object = _LEFT_OUT,
    due_at: object = _LEFT_OUT,
    version: int | None = None,
) -> IncidentTask:
    """Change a task and return it: its words, its owner, its time, and by `verb` (`finish`, `drop`, `reopen`)
    its state. What is left out stays.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "task", now)
        row = IncidentTask.objects.select_for_update().filter(incident=scene.incident, pk=task).first()
        if row is None:
            raise NotFound("There is no such task.")
        require_version(row, version)
        if title is not _LEFT_OUT:
            row.title = clean_title(title)
        if owner is not _LEFT_OUT:
            row.owner = _owner(owner)
        if due_at is not _LEFT_OUT:
            row.due_at = _due(due_at)
        if verb:
            row.state = TASK.move(row.state, clean_choice(verb, ("finish", "drop", "reopen"), field="verb"))
            row.ended_at = None if row.state == "open" else now
        row.version += 1
        row.save()
        _tell(scene, row, "task_changed", actor=actor, now=now)
        return row


def _due(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInput.of("due_at", "not_a_time", "Must be a time, e.g. 2026-03-02T09:30:00Z.")
    return clean_moment(value, field="due_at")


def _owner(value: object) -> User | None:
    return clean_person(value, field="owner") if value else None


def _tell(scene: Scene, task: IncidentTask, event: str, *, actor: Actor, now: datetime) -> None:
    record(
        scene,
        actor=actor,
        now=now,
        event=event,
        text=task.title,
        data={
            "task": task.pk,
            "task_state": task.state,
            "owner": str(task.owner_id) if task.owner_id else "",
        },
    )

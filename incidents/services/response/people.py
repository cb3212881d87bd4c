"""Who does what in an incident, and who wants to be told of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from incidents.models import Incident, IncidentRole, IncidentWatch
from incidents.services.response.events import people_changed, record
from incidents.services.response.fields import clean_choice, clean_person
from incidents.services.response.scene import Scene, scene_locked
from incidents.states import WATCH
from opsportal.accounts.models import User
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, IllegalMove, NotFound
from opsportal.core.writes import write

ONE_AT_A_TIME = frozenset({"commander", "deputy", "scribe"})


def incident_role_fill(*, actor: Actor, now: datetime, pk: int, role: object, person: object) -> IncidentRole:
    """Give somebody (id or e-mail address) a role in an incident that is not merged, and return it.

    There is one commander, one deputy and one scribe at a time: whoever was it before is so no longer. What
    the role owes goes with it. Raises `InvalidInput`, `NotFound`, `Forbidden`, `IllegalMove`, and `Conflict`
    with code `unchanged`.
    """
    slug = clean_choice(role, IncidentRole.Role.values, field="role")
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "fill_role", now)
        if scene.incident.state == "merged":
            raise IllegalMove("This incident was merged into another one; fill the roles there.")
        who = clean_person(person, field="person")
        if any(one.person_id == who.pk for one in scene.roles.get(slug, ())):
            raise Conflict("They have this role already.", code="unchanged")
        row = role_give(scene, slug, who, actor=actor, now=now)
        scene.save(now)
        people_changed(scene, actor=actor, now=now)
        return row


def role_give(
    scene: Scene, role: str, person: User, *, actor: Actor, now: datetime, schedule: str = ""
) -> IncidentRole:
    """Put `person` into a role of a locked incident, inside the write under way; `schedule` named them."""
    before = ""
    if role in ONE_AT_A_TIME:
        for standing in scene.roles.get(role, ()):
            before = str(standing.person_id)
            standing.until = now
            standing.save()
    row = IncidentRole.objects.create(
        incident=scene.incident, role=role, person=person, schedule=schedule, since=now
    )
    scene.forget_people()
    record(
        scene,
        actor=actor,
        now=now,
        event="role_filled",
        data={"role": role, "person": str(person.pk), "before": before, "schedule": schedule},
    )
    return row


def incident_role_end(*, actor: Actor, now: datetime, pk: int, role: int) -> Incident:
    """End somebody's role (its number), and return the incident. Raises `NotFound` and `Forbidden`."""
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "fill_role", now)
        row = scene.incident.roles.filter(pk=role, until__isnull=True).first()
        if row is None:
            raise NotFound("There is no such role any more.")
        row.until = now
        row.save()
        scene.forget_people()
        scene.save(now)
        record(
            scene,
            actor=actor,
            now=now,
            event="role_ended",
            data={"role": row.role, "person": str(row.person_id)},
        )
        people_changed(scene, actor=actor, now=now)
        return scene.incident


def incident_watch(*, actor: Actor, now: datetime, pk: int, watching: bool) -> IncidentWatch:
    """Be told of what happens to an incident, or no more, and return the choice; the same changes nothing.

    Raises `NotFound` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "watch", now)
        row = IncidentWatch.objects.filter(incident=scene.incident, person=UUID(actor.id)).first()
        state = "watching" if watching else "muted"
        if row is None:
            row = IncidentWatch(incident=scene.incident, person_id=UUID(actor.id), state=state)
        elif row.state == state:
            return row
        else:
            row.state = WATCH.move(row.state, "watch" if watching else "mute")
        row.since = now
        row.save()
        audit_record(
            actor=actor,
            now=now,
            action="incident.watched" if watching else "incident.unwatched",
            object_kind="incident",
            object_key=scene.key,
        )
        return row

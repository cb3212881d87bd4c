"""Moving an incident on: acknowledged, mitigated, resolved, opened again. Each asks the machine once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from incidents.models import Incident
from incidents.services.escalation import (
    awaits,
    escalation_acknowledged,
    escalation_open,
    escalation_stop,
)
from incidents.services.response.events import happened, record
from incidents.services.response.fields import MAX_UPDATE, clean_person, clean_reason, clean_words
from incidents.services.response.scene import Scene, scene_locked
from incidents.states import INCIDENT
from opsportal.accounts.models import User
from opsportal.audit.canonical import JSON
from opsportal.core.actor import Actor
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def incident_acknowledge(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    by: User | UUID | str | None = None,
    version: int | None = None,
) -> Incident:
    """Say that somebody is at it, and return it: `by`, else the person who acts.

    `by` is for a message that somebody answered, where the portal acts for them. Whoever acknowledges is
    given the incident where it was nobody's. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and
    `IllegalMove` where somebody was faster.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "acknowledge", now)
        require_version(scene.incident, version)
        incident = scene.incident
        person = _who(actor, by)
        if incident.state == "acknowledged" and awaits(incident, person.pk if person else None):
            # Others have acknowledged, and the escalation waits for more of them.
            _acknowledged_too(scene, person, actor=actor, now=now)
            return incident
        incident.state = INCIDENT.move(incident.state, "acknowledge")
        # The first acknowledgement counts, also where it lapsed and another one followed.
        incident.acknowledged_at = incident.acknowledged_at or now
        incident.acknowledged_by = person
        if incident.assignee_id is None:
            incident.assignee = person
        happened(
            scene,
            actor=actor,
            now=now,
            event="acknowledged",
            data={"person": str(person.pk) if person else ""},
        )
        escalation_acknowledged(actor=actor, now=now, incident=incident, by=person.pk if person else None)
        return incident


def _acknowledged_too(scene: Scene, person: User | None, *, actor: Actor, now: datetime) -> None:
    scene.save(now)
    data: dict[str, JSON] = {"person": str(person.pk) if person else "", "too": True}
    record(scene, actor=actor, now=now, event="acknowledged", data=data)
    escalation_acknowledged(actor=actor, now=now, incident=scene.incident, by=person.pk if person else None)


def incident_lapse(*, actor: Actor, now: datetime, pk: int) -> Incident:
    """Let an acknowledgement lapse, and return the incident: it waits for somebody again. The portal does.

    Raises `NotFound`, `Forbidden` and `IllegalMove` where it is not acknowledged.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "lapse", now)
        incident = scene.incident
        incident.state = INCIDENT.move(incident.state, "lapse")
        person = incident.acknowledged_by_id
        incident.acknowledged_by = None
        happened(scene, actor=actor, now=now, event="lapsed", data={"person": str(person) if person else ""})
        return incident


def incident_mitigate(
    *, actor: Actor, now: datetime, pk: int, text: object = "", version: int | None = None
) -> Incident:
    """Say that the harm has stopped, though the cause may still be there, and return the incident.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    words = clean_words(text, required=False)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "mitigate", now)
        require_version(scene.incident, version)
        incident = scene.incident
        incident.state = INCIDENT.move(incident.state, "mitigate")
        incident.mitigated_at = incident.mitigated_at or now
        happened(scene, actor=actor, now=now, event="mitigated", text=words)
        escalation_stop(actor=actor, now=now, incident=incident)
        return incident


def incident_resolve(
    *, actor: Actor, now: datetime, pk: int, text: object = "", version: int | None = None
) -> Incident:
    """Say that it is over, and return the incident; `text` says what ended it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    words = clean_words(text, required=False)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "resolve", now)
        require_version(scene.incident, version)
        _resolve(scene, actor=actor, now=now, text=words)
        return scene.incident


def incident_alerts_settled(*, actor: Actor, now: datetime, pk: int) -> Incident:
    """Resolve an incident because all its alerts are over, and return it; it is left alone where it is over.

    The caller has made sure of it, under the lock of the alerts. Raises `NotFound` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "resolve", now)
        if scene.incident.is_open:
            _resolve(scene, actor=actor, now=now, text="All its alerts are over.", by_itself=True)
        return scene.incident


def incident_reopen(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Incident:
    """Open an incident again, with a reason, and return it: one that is mitigated goes on, one that was
    resolved begins anew, and waits to be acknowledged.

    Where its alerts have opened another incident since, further ones stay there. Raises `InvalidInput`,
    `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    text = clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "reopen", now)
        require_version(scene.incident, version)
        incident = scene.incident
        was = incident.state
        incident.state = INCIDENT.move(was, "reopen")
        if was == "resolved":
            _begin_anew(incident, now)
        incident.mitigated_at = None
        happened(scene, actor=actor, now=now, event="reopened", text=text, data={"from": was})
        escalation_open(actor=actor, now=now, incident=incident, acknowledged=was == "mitigated")
        return incident


def incident_flare_up(*, actor: Actor, now: datetime, pk: int) -> Incident:
    """Let an incident that was mitigated wait for somebody again, since another alert of it fires; return it.

    The portal does. Its escalation begins anew, so that who is on call is paged: whoever mitigated it
    believes that it is quiet. Raises `NotFound`, `Forbidden` and `IllegalMove` where it is not mitigated.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "flare_up", now)
        incident = scene.incident
        incident.state = INCIDENT.move(incident.state, "flare_up")
        incident.mitigated_at = incident.acknowledged_by = None
        happened(
            scene,
            actor=actor,
            now=now,
            event="reopened",
            text="It was mitigated, and an alert of it fires again.",
            data={"from": "mitigated", "by_itself": True},
        )
        escalation_open(actor=actor, now=now, incident=incident)
        return incident


def _begin_anew(incident: Incident, now: datetime) -> None:
    """A new episode: nobody has acknowledged or assessed it, and nobody has told of it."""
    incident.episode += 1
    incident.opened_at = now
    incident.assessed_at = incident.briefed_at = incident.reported_at = None
    incident.resolved_at = incident.acknowledged_at = incident.acknowledged_by = None
    incident.resolution = ""
    try:
        # Opened by itself first: one of its group that is being declared at this moment is waited for.
        with transaction.atomic():
            Incident.objects.filter(pk=incident.pk).update(state=incident.state, resolved_at=None)
    except IntegrityError:
        incident.group_key = ""


def _resolve(scene: Scene, *, actor: Actor, now: datetime, text: str, by_itself: bool = False) -> None:
    incident = scene.incident
    was = incident.state
    incident.state = INCIDENT.move(was, "resolve")
    incident.resolved_at = now
    incident.resolution = text[:MAX_UPDATE]
    happened(
        scene, actor=actor, now=now, event="resolved", text=text, data={"from": was, "by_itself": by_itself}
    )
    escalation_stop(actor=actor, now=now, incident=incident)


def _who(actor: Actor, by: User | UUID | str | None) -> User | None:
    if isinstance(by, User):
        return by
    if by is not None:
        return clean_person(by, field="by")
    return User.objects.filter(pk=actor.id).first() if actor.is_user else None

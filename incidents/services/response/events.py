"""What follows from a step on an incident: its line, the audit entry, what is owed, the word to listeners."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.models import IncidentEntry
from incidents.services.response.scene import KIND, Scene
from incidents.services.response.timeline import entry_add
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.obligations.services import obligations_follow, obligations_hand_over
from opsportal.outbox.services import outbox_put


def topic(event: str) -> str:
    """Return the outbox topic of an event: `incidents.incident.acknowledged`."""
    return f"incidents.{KIND}.{event}"


def record(
    scene: Scene,
    *,
    actor: Actor,
    now: datetime,
    event: str,
    text: str = "",
    data: Mapping[str, JSON] | None = None,
    at: datetime | None = None,
    replaces: IncidentEntry | None = None,
) -> IncidentEntry:
    """Write the line and the audit entry `incident.<event>`, and tell the topic; return the line.

    `text` is on the timeline only: what people write stays out of the audit entry, which keeps ids, states
    and whole numbers.
    """
    incident = scene.incident
    more = dict(data or {})
    entry = entry_add(
        actor=actor,
        now=now,
        incident=incident,
        kind=event,
        text=text,
        data=more,
        at=at,
        replaces=replaces,
    )
    about: dict[str, JSON] = {
        "severity": incident.severity,
        "state": incident.state,
        "version": incident.version,
        **more,
    }
    audit_record(
        actor=actor, now=now, action=f"incident.{event}", object_kind=KIND, object_key=scene.key, data=about
    )
    payload: dict[str, Any] = {
        "incident": incident.pk,
        "key": scene.key,
        "services": scene.services,
        "entry": entry.pk,
        "actor": str(actor),
        "at": now.isoformat(),
        **about,
    }
    outbox_put(now=now, topic=topic(event), key=scene.key, payload=payload)
    return entry


def follow(scene: Scene, *, actor: Actor, now: datetime, event: str) -> None:
    """Do what the standard says about obligations when `incident.<event>` happens.

    Each event of an incident is a round of its own, so that an update opens the time of the next one. The
    caller has saved the incident with its clock moved on.
    """
    obligations_follow(
        actor=actor,
        now=now,
        standard=scene.standard,
        event=f"incident.{event}",
        facts=scene.facts(now),
        subject=scene.subject,
        people=scene.people(),
        occurrence=f"e{scene.incident.clock}",
        began=scene.incident.opened_at,
    )
    people_changed(scene, actor=actor, now=now)


def reach_changed(scene: Scene, before: bool | None, *, actor: Actor, now: datetime) -> None:
    """Do what the standard says where somebody has found out whether customers notice it.

    Until then it is taken that they do; so only "they do not", and "they do after all", are news.
    """
    after = scene.incident.customer_facing
    if after is False and before is not False:
        follow(scene, actor=actor, now=now, event="customers_unaffected")
    elif before is False and after is not False:
        follow(scene, actor=actor, now=now, event="customers_notice")


def people_changed(scene: Scene, *, actor: Actor, now: datetime) -> None:
    """Give what is still owed to whoever the standard's words mean by now."""
    scene.forget_people()
    obligations_hand_over(
        actor=actor, now=now, standard=scene.standard, subject=scene.subject, people=scene.people()
    )


def happened(
    scene: Scene,
    *,
    actor: Actor,
    now: datetime,
    event: str,
    text: str = "",
    data: Mapping[str, JSON] | None = None,
    at: datetime | None = None,
) -> IncidentEntry:
    """Save the incident, record the event, and do what the standard says about obligations then."""
    scene.incident.clock += 1
    scene.save(now)
    entry = record(scene, actor=actor, now=now, event=event, text=text, data=data, at=at)
    follow(scene, actor=actor, now=now, event=event)
    return entry

"""How grave it is: changed with a reason, and kept with it."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Incident
from incidents.services.escalation import escalation_severity_changed
from incidents.services.response.events import happened
from incidents.services.response.fields import clean_reason, clean_severity
from incidents.services.response.scene import Scene, scene_locked
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, IllegalMove
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def incident_change_severity(
    *, actor: Actor, now: datetime, pk: int, severity: object, reason: object, version: int | None = None
) -> Incident:
    """Change the severity of an open incident, with a reason, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove` where it is over, and `Conflict`
    with code `unchanged`.
    """
    meant, text = clean_severity(severity), clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "change_severity", now)
        require_version(scene.incident, version)
        if not scene.incident.is_open:
            raise IllegalMove("The severity of an incident that is over stays as it was.")
        if meant == scene.incident.severity:
            raise Conflict("It has this severity already.", code="unchanged")
        severity_set(scene, meant, actor=actor, now=now, reason=text)
        return scene.incident


def severity_set(scene: Scene, severity: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """Give a locked, open incident another severity, inside the write under way."""
    before, scene.incident.severity = scene.incident.severity, severity
    happened(
        scene,
        actor=actor,
        now=now,
        event="severity_changed",
        text=reason,
        data={"from": before, "to": severity},
    )
    escalation_severity_changed(actor=actor, now=now, incident=scene.incident)

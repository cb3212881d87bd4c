"""Two incidents that turn out to be one."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Alert, Incident
from incidents.services.escalation import escalation_stop
from incidents.services.response.declaring import services_add
from incidents.services.response.events import happened, record
from incidents.services.response.fields import clean_reason
from incidents.services.response.scene import scenes_locked
from incidents.services.response.severity import severity_set
from incidents.severities import higher
from incidents.states import INCIDENT
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, IllegalMove, InvalidInput
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def incident_merge(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    into: int,
    reason: object = "",
    version: int | None = None,
) -> Incident:
    """Merge an open incident into another open one, and return the one that goes on.

    Both timelines stay; the merged one points to the other. Its services, its alerts (and further ones of its
    group) and its open tasks go over, and the graver severity holds. Raises `InvalidInput`, `NotFound`,
    `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` with code `restricted` where that would show a
    restricted one to more people.
    """
    text = clean_reason(reason)
    if pk == into:
        raise InvalidInput.of("into", "itself", "Name another incident.")
    with write(actor=actor, now=now, reason=text):
        scenes = scenes_locked(pk, into, actor=actor, now=now)
        scene, target = scenes[pk], scenes[into]
        scene.require(actor, "merge", now)
        require_version(scene.incident, version)
        if not target.incident.is_open:
            raise IllegalMove("That incident is over. Open it again first.")
        if scene.incident.is_restricted and not target.incident.is_restricted:
            raise Conflict(
                "This incident is restricted, and that one is not. Restrict that one first.",
                code="restricted",
            )
        scene.incident.state = INCIDENT.move(scene.incident.state, "merge")
        scene.incident.merged_into = target.incident
        happened(scene, actor=actor, now=now, event="merged", text=text, data={"into": target.key})
        escalation_stop(actor=actor, now=now, incident=scene.incident)
        for alert in Alert.objects.select_for_update().filter(incident=scene.incident).order_by("pk"):
            alert.incident = target.incident
            alert.save()
        for task in scene.incident.tasks.filter(state="open").order_by("pk"):
            task.incident = target.incident
            task.save()
        added = services_add(target, [one.service for one in scene.direct])
        target.save(now)
        record(
            target,
            actor=actor,
            now=now,
            event="took_in",
            text=text,
            data={"merged": scene.key, "added": list(added)},
        )
        graver = higher(target.incident.severity, scene.incident.severity)  # type: ignore[arg-type]
        if graver != target.incident.severity:
            severity_set(
                target, graver, actor=actor, now=now, reason=f"{scene.key}, which it took in, is graver."
            )
        return target.incident

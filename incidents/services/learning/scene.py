"""One postmortem under lock, with its incident, and what every step on it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.models import Postmortem
from incidents.selectors.learning import postmortem_seen
from incidents.services.response.scene import Scene, scene_locked
from incidents.services.response.timeline import entry_add
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.obligations.services import obligations_follow
from opsportal.outbox.services import outbox_put

KIND = "postmortem"
LINES = {
    "started": "The postmortem is begun.",
    "submitted": "The postmortem is handed in for review.",
    "returned": "The postmortem went back to its author.",
    "published": "The postmortem is published.",
    "waived": "The postmortem is waived.",
}
"""What the timeline of the incident says; edits leave it alone."""


@dataclass
class Review:
    """A locked postmortem and its locked incident."""

    postmortem: Postmortem
    incident: Scene

    def save(self, now: datetime) -> None:
        self.postmortem.version += 1
        self.postmortem.updated_at = now
        self.postmortem.save()


def review_locked(pk: int, *, actor: Actor, now: datetime) -> Review:
    """Lock a postmortem behind its incident, and return both. Raises `NotFound`, as `postmortem_seen`."""
    seen = postmortem_seen(actor, now, pk)
    scene = scene_locked(seen.incident_id, actor=actor, now=now)
    Postmortem.objects.select_for_update().filter(pk=pk).first()
    return Review(postmortem_seen(actor, now, pk), scene)


def happened(
    review: Review, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    """Record `postmortem.<event>`, and do what the standard says about obligations then."""
    postmortem, scene = review.postmortem, review.incident
    about = {"postmortem": postmortem.pk, "state": postmortem.state, **(data or {})}
    audit_record(
        actor=actor,
        now=now,
        action=f"postmortem.{event}",
        object_kind=KIND,
        object_key=postmortem.key,
        data={**about, "incident": scene.key},
    )
    if event not in LINES:
        return
    entry_add(
        actor=actor,
        now=now,
        incident=scene.incident,
        kind=f"postmortem_{event}",
        text=LINES[event],
        data={"postmortem": postmortem.key},
    )
    obligations_follow(
        actor=actor,
        now=now,
        standard=scene.standard,
        event=f"postmortem.{event}",
        facts=scene.facts(now),
        subject=scene.subject,
        people=scene.people(),
        occurrence=f"pm{postmortem.version}",
    )
    outbox_put(
        now=now,
        topic=f"incidents.postmortem.{event}",
        key=postmortem.key,
        payload={
            **about,
            "key": postmortem.key,
            "incident": scene.incident.pk,
            "actor": str(actor),
            "at": now.isoformat(),
        },
    )

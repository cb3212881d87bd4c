"""What a published postmortem consists of: parts, timeline, figures, participants, action items."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from incidents.learning.taking_part import DEEDS, Deed, took_part
from incidents.learning.template import SECTIONS
from incidents.models import Incident, IncidentRole, Postmortem
from incidents.selectors.response import timeline_of
from incidents.services.response.scene import Scene
from opsportal.audit.canonical import canonical_bytes


def content_of(postmortem: Postmortem, scene: Scene) -> dict[str, Any]:
    """Return all of it as plain JSON: times in UTC, spans in whole seconds, persons by kind and id."""
    incident = scene.incident
    return {
        "key": postmortem.key,
        "incident": scene.key,
        "severity": incident.severity,
        "services": scene.services,
        "author": str(postmortem.author_id),
        "cause": postmortem.cause,
        "sections": {name: str(postmortem.sections.get(name, "")) for name in SECTIONS},
        "timeline": [
            {
                "at": _utc(line.entry.at),
                "kind": line.entry.kind,
                "text": line.entry.text,
                "actor_kind": line.entry.actor_kind,
                "actor_id": line.entry.actor_id,
                "edited": line.is_edited,
            }
            for line in timeline_of(incident)
        ],
        "times": {
            "detected_at": _utc(incident.detected_at),
            "declared_at": _utc(incident.declared_at),
            "acknowledged_at": _utc(incident.acknowledged_at),
            "mitigated_at": _utc(incident.mitigated_at),
            "resolved_at": _utc(incident.resolved_at),
        },
        "participants": participants_of(incident),
        "action_items": [
            {"key": item.key, "title": item.title, "owner": str(item.owner_id), "state": item.state}
            for item in postmortem.action_items.order_by("id")
        ],
    }


def participants_of(incident: Incident) -> list[dict[str, str]]:
    """Return who had which role in the incident, then who did what by its timeline (`DEEDS`), each once."""
    rows = incident.roles.order_by("id").values_list("role", "person_id")
    deeds = [
        Deed(one.entry.kind, one.entry.actor_kind, one.entry.actor_id, one.entry.data)
        for one in timeline_of(incident)
    ]
    parts = took_part([(role, str(person)) for role, person in rows], deeds)
    return [{"role": part, "person": person} for part, person in parts]


def part_in_words(part: str) -> str:
    """Return a role or a deed of a participant as people read it."""
    return DEEDS.get(part) or dict(IncidentRole.Role.choices).get(part, part).lower()


def hash_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical_bytes(content)).hexdigest()


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None

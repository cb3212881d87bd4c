"""Working on an incident: whose it is, how it stands, what people say about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from incidents.models import Incident, IncidentEntry
from incidents.permissions.response import EntryCase
from incidents.services.escalation import escalation_raise
from incidents.services.response.events import happened, people_changed, reach_changed, record
from incidents.services.response.fields import (
    MAX_TEXT,
    clean_choice,
    clean_past,
    clean_person,
    clean_reason,
    clean_severity,
    clean_words,
)
from incidents.services.response.scene import Scene, scene_locked
from incidents.services.response.severity import severity_set
from incidents.services.response.timeline import entry_add
from incidents.services.statuspage.publishing import incident_publish
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.core.versions import require_version
from opsportal.core.writes import write

UPDATES = {
    "internal": "updated_internally",
    "stakeholders": "stakeholders_told",
    "executive": "executives_briefed",
    "status_page": "status_page_updated",
}
"""Whom an update is for, and the event that it is."""
NOTES = ("note", "decision", "observation")
"""What a note may be."""
EDITABLE = frozenset({"noted", "assessed", "reported", "mitigated", "resolved", *UPDATES.values()})
"""Lines whose words people wrote, and may write anew."""


def incident_assign(
    *, actor: Actor, now: datetime, pk: int, person: object, version: int | None = None
) -> Incident:
    """Give an open incident to somebody (id or e-mail address), and return it; what is owed goes with it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, `IllegalMove` where it is over, and `Conflict`
    with code `unchanged`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "assign", now)
        require_version(scene.incident, version)
        incident = scene.incident
        if not incident.is_open:
            raise IllegalMove("An incident that is over is given to nobody any more.")
        assignee = clean_person(person, field="person")
        if assignee.pk == incident.assignee_id:
            raise Conflict("They have it already.", code="unchanged")
        before, incident.assignee = incident.assignee_id, assignee
        scene.save(now)
        record(
            scene,
            actor=actor,
            now=now,
            event="assigned",
            data={"person": str(assignee.pk), "before": str(before) if before else ""},
        )
        people_changed(scene, actor=actor, now=now)
        return incident


def incident_escalate(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Incident:
    """Ask for more help at once: the next step of its escalation is taken now. Returns the incident.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove` where it is over.
    """
    text = clean_reason(reason)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "escalate", now)
        require_version(scene.incident, version)
        if not scene.incident.is_open:
            raise IllegalMove("An incident that is over is not escalated.")
        happened(scene, actor=actor, now=now, event="escalated", text=text)
        escalation_raise(actor=actor, now=now, incident=scene.incident)
        return scene.incident


def incident_update(
    *, actor: Actor, now: datetime, pk: int, text: object, kind: object = "internal"
) -> IncidentEntry:
    """Say how it stands, to whom `kind` names (one of `UPDATES`), and return the line.

    It meets what is owed, and opens the time of the next one while the incident is open. One for the status
    page is published there. Raises `InvalidInput`, `NotFound`, `Forbidden`, `IllegalMove` for one that was
    merged, and `Conflict` with code `restricted` where nothing of it may be published.
    """
    event = UPDATES[clean_choice(kind, UPDATES, field="kind")]
    words = clean_words(text)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "update", now)
        _refuse_merged(scene)
        if event == "status_page_updated":
            incident_publish(actor=actor, now=now, incident=scene.incident, text=words)
        if event == UPDATES["executive"]:
            scene.incident.briefed_at = scene.incident.briefed_at or now
        return happened(scene, actor=actor, now=now, event=event, text=words)


def incident_tell_public(
    *, actor: Actor, now: datetime, pk: int, text: str, state: str, title: str, impacts: Mapping[str, str]
) -> IncidentEntry:
    """Say `text` on the status page, with a title and the standing of each component, and return the line.

    `state` and `impacts`: as `notice_put` has them. It meets what is owed, as `incident_update` does.
    Raises as that does.
    """
    words = clean_words(text)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "update", now)
        _refuse_merged(scene)
        incident_publish(
            actor=actor,
            now=now,
            incident=scene.incident,
            text=words,
            state=state,
            title=title,
            impacts=impacts,
        )
        return happened(scene, actor=actor, now=now, event="status_page_updated", text=words)


def _refuse_merged(scene: Scene) -> None:
    if scene.incident.state == "merged":
        raise IllegalMove("This incident was merged into another one; write there.")


def incident_assess(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    text: object,
    severity: object = None,
    customer_facing: bool | None = None,
    version: int | None = None,
) -> Incident:
    """Say how grave it is and whom it touches, and return the incident.

    `severity` stays as it is where it is left out, and so does `customer_facing` (do customers notice it).
    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove` where it is over.
    """
    words = clean_words(text, field="text")
    meant = clean_severity(severity) if severity not in (None, "") else ""
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "assess", now)
        require_version(scene.incident, version)
        incident = scene.incident
        if not incident.is_open:
            raise IllegalMove("An incident that is over is not assessed any more; write the report.")
        if meant and meant != incident.severity:
            severity_set(scene, meant, actor=actor, now=now, reason=words[:500])
        incident.assessed_at = incident.assessed_at or now
        incident.assessment = words
        before = incident.customer_facing
        if customer_facing is not None:
            incident.customer_facing = customer_facing
        happened(scene, actor=actor, now=now, event="assessed", text=words)
        reach_changed(scene, before, actor=actor, now=now)
        return incident


def incident_report(*, actor: Actor, now: datetime, pk: int, text: object) -> Incident:
    """Write the report on an incident that is over, and return the incident.

    Raises `InvalidInput`, `NotFound`, `Forbidden` and `IllegalMove` while it is open.
    """
    words = clean_words(text, most=MAX_TEXT)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "report", now)
        if scene.incident.state != "resolved":
            raise IllegalMove("The report is written when the incident is resolved.")
        scene.incident.reported_at = scene.incident.reported_at or now
        happened(scene, actor=actor, now=now, event="reported", text=words)
        return scene.incident


def incident_note(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    text: object,
    kind: object = "note",
    at: datetime | None = None,
) -> IncidentEntry:
    """Write a note on the timeline, in any state, and return the line. `at` (aware UTC) is when it happened.

    Raises `InvalidInput`, `NotFound` and `Forbidden`.
    """
    what = clean_choice(kind, NOTES, field="kind")
    words = clean_words(text)
    moment = clean_past(at, field="at", now=now) if at is not None else now
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "note", now)
        return record(scene, actor=actor, now=now, event="noted", text=words, data={"kind": what}, at=moment)


def incident_entry_edit(*, actor: Actor, now: datetime, pk: int, entry: int, text: object) -> IncidentEntry:
    """Write the words of a line anew, and return the line that stands in its place; the old one stays to be
    read.

    The same words change nothing. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` where somebody
    has written it anew before, and `IllegalMove` for a line that the portal wrote.
    """
    words = clean_words(text, most=MAX_TEXT)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        old = IncidentEntry.objects.filter(incident=scene.incident, pk=entry).first()
        if old is None:
            raise NotFound("There is no such line.")
        require(actor, "incident.note_edit", EntryCase(old, scene.case(actor, now)))
        if old.kind not in EDITABLE:
            raise IllegalMove("This line tells what was done; it cannot be written anew.")
        if old.replaced_by.exists():
            raise Stale("Somebody has written this line anew. Read it again, then repeat this.")
        if len(words) > MAX_TEXT:
            raise InvalidInput.of("text", "too_long", f"At most {MAX_TEXT} characters.")
        if words == old.text:
            return old
        line = entry_add(
            actor=actor,
            now=now,
            incident=scene.incident,
            kind=old.kind,
            text=words,
            data=old.data,
            at=old.at,
            replaces=old,
        )
        audit_record(
            actor=actor,
            now=now,
            action="incident.note_edited",
            object_kind="incident",
            object_key=scene.key,
            data={"entry": line.pk, "replaces": old.pk},
        )
        return line

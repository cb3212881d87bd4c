"""What an incident says of itself, what it is linked with, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from incidents.models import Incident, IncidentLink
from incidents.selectors.response import affected_by
from incidents.services.response.declaring import note_dependants, services_add
from incidents.services.response.events import happened, people_changed, reach_changed, record
from incidents.services.response.fields import (
    MAX_TEXT,
    clean_choice,
    clean_past,
    clean_reason,
    clean_services,
    clean_title,
    clean_words,
)
from incidents.services.response.scene import Scene, scene_locked
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.keys import parse_key
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MAX_URL = 500
MAX_LINKS = 200
_PREFIXES = {"CHG": "change", "DEP": "deployment", "INC": "incident"}
FIELDS = (
    "title",
    "summary",
    "detected_at",
    "detected_by",
    "customer_facing",
    "security",
    "channel_url",
    "services",
)


def incident_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Incident:
    """Change what an incident says of itself (some of `FIELDS`), and return it; the same changes nothing.

    `services` are slugs of all that are affected directly. Raises `InvalidInput`, `NotFound`, `Forbidden`
    and `Stale`.
    """
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise InvalidInput.of(unknown[0], "unknown", f"Must be one of: {', '.join(FIELDS)}.")
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "edit", now)
        require_version(scene.incident, version)
        incident = scene.incident
        before = incident.customer_facing
        changed = [
            name
            for name, value in fields.items()
            if name != "services" and _put(incident, name, _cleaned(name, value, now))
        ]
        if "services" in fields and _services_set(scene, fields["services"]):
            changed.append("services")
        if changed:
            incident.clock += 1
            scene.save(now)
            record(scene, actor=actor, now=now, event="edited", data={"fields": list(changed)})
            reach_changed(scene, before, actor=actor, now=now)
            people_changed(scene, actor=actor, now=now)
        return incident


def _cleaned(name: str, value: Any, now: datetime) -> Any:
    match name:
        case "title":
            return clean_title(value)
        case "summary":
            return clean_words(value, field="summary", required=False, most=MAX_TEXT)
        case "detected_at":
            if not isinstance(value, datetime):
                raise InvalidInput.of("detected_at", "not_a_time", "Must be a time.")
            return clean_past(value, field="detected_at", now=now)
        case "detected_by":
            return clean_choice(value, Incident.DetectedBy.values, field="detected_by")
        case "channel_url":
            return clean_url(value, field="channel_url") if value else ""
        case _:
            if not isinstance(value, bool) and not (value is None and name == "customer_facing"):
                raise InvalidInput.of(name, "not_a_boolean", "Must be true or false.")
            return value


def _put(incident: Incident, name: str, value: Any) -> bool:
    if getattr(incident, name) == value:
        return False
    setattr(incident, name, value)
    return True


def _services_set(scene: Scene, slugs: object) -> bool:
    wanted = clean_services(slugs)
    gone = [one for one in scene.direct if one.service not in wanted]
    for row in gone:
        row.delete()
    if gone:
        scene.affected = affected_by(scene.incident)
    fresh = services_add(scene, wanted)
    if gone and not fresh:
        note_dependants(scene.incident)
        scene.affected = affected_by(scene.incident)
    return bool(gone or fresh)


def clean_url(value: object, *, field: str) -> str:
    """Return an address that a browser opens. Raises `InvalidInput`."""
    text = clean_text(value, field=field, max_length=MAX_URL, required=True, lines=False)
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        fits = False
    if not fits or any(char.isspace() for char in text):
        raise InvalidInput.of(field, "not_an_address", "Must be an address that begins with https://.")
    return text


def incident_link(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    target: object,
    title: object = "",
    is_cause: bool = False,
) -> IncidentLink:
    """Link a change, a deployment, another incident (by key) or a page (by address), and return the link.

    Linking the same again changes its title and whether it is a cause. Raises `InvalidInput`, `NotFound` and
    `Forbidden`.
    """
    kind, where = _target(target)
    words = clean_text(title, field="title", max_length=200, lines=False)
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "link", now)
        if where == scene.key:
            raise InvalidInput.of("target", "itself", "That is this incident.")
        row = scene.incident.links.filter(kind=kind, target=where).first()
        if row is None:
            if scene.incident.links.count() >= MAX_LINKS:
                raise InvalidInput.of("target", "too_many", f"An incident has {MAX_LINKS} links at most.")
            row = IncidentLink(incident=scene.incident, kind=kind, target=where, added_at=now)
        elif (row.title, row.is_cause) == (words, is_cause):
            return row
        row.title, row.is_cause = words, is_cause
        row.save()
        record(
            scene,
            actor=actor,
            now=now,
            event="linked",
            text=words,
            data={"link": row.pk, "kind": kind, "target": where, "is_cause": is_cause},
        )
        return row


def incident_unlink(*, actor: Actor, now: datetime, pk: int, link: int) -> None:
    """Remove a link; its history stays. Raises `NotFound` and `Forbidden`."""
    with write(actor=actor, now=now):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, "link", now)
        row = scene.incident.links.filter(pk=link).first()
        if row is None:
            raise NotFound("There is no such link.")
        data = {"kind": row.kind, "target": row.target}
        row.delete()
        record(scene, actor=actor, now=now, event="unlinked", data=data)


def _target(value: object) -> tuple[str, str]:
    text = clean_text(value, field="target", max_length=MAX_URL, required=True, lines=False)
    parsed = parse_key(text)
    if parsed is not None and parsed[0] in _PREFIXES:
        return _PREFIXES[parsed[0]], f"{parsed[0]}-{parsed[1]}"
    try:
        return "url", clean_url(text, field="target")
    except InvalidInput:
        raise InvalidInput.of(
            "target", "unknown", "Must be a key like CHG-1042, DEP-77 or INC-9, or an address with https://."
        ) from None


def incident_restrict(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Incident:
    """Hide an incident from all but those who have a part in it or look after security, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `Conflict` with code `unchanged`.
    """
    return _show(actor, now, pk, reason, version, verb="restrict", to="restricted", event="restricted")


def incident_open_up(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Incident:
    """Show a restricted incident to everybody, and return it. Raises as `incident_restrict`."""
    return _show(actor, now, pk, reason, version, verb="open_up", to="open", event="opened_up")


def _show(
    actor: Actor,
    now: datetime,
    pk: int,
    reason: object,
    version: int | None,
    *,
    verb: str,
    to: str,
    event: str,
) -> Incident:
    text = clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=text):
        scene = scene_locked(pk, actor=actor, now=now)
        scene.require(actor, verb, now)
        require_version(scene.incident, version)
        if scene.incident.visibility == to:
            raise Conflict("It is shown like that already.", code="unchanged")
        scene.incident.visibility = to
        happened(scene, actor=actor, now=now, event=event, text=text)
        return scene.incident

"""Declaring an incident, or joining the open one that it belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction

from incidents.models import Incident, IncidentService
from incidents.selectors.response import affected_by, dependants_of_all, seen_by
from incidents.services.escalation import escalation_open
from incidents.services.response.events import happened, record
from incidents.services.response.fields import (
    MAX_TEXT,
    clean_choice,
    clean_past,
    clean_services,
    clean_severity,
    clean_title,
    clean_words,
)
from incidents.services.response.on_call import roles_from_on_call
from incidents.services.response.scene import Scene
from incidents.services.response.severity import severity_set
from incidents.severities import higher
from incidents.states import OPEN
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.standards.selectors import active_standard

MAX_GROUP_KEY = 255


def incident_declare(
    *,
    actor: Actor,
    now: datetime,
    title: str,
    severity: str,
    summary: str = "",
    services: Collection[str] = (),
    detected_at: datetime | None = None,
    detected_by: str = "staff",
    visibility: str = "open",
    security: bool = False,
    customer_facing: bool | None = None,
    group_key: str = "",
    policy: str = "",
    source: tuple[str, str] = ("", ""),
) -> Incident:
    """Declare an incident and return it; or return the open one that has the same `group_key`, joined.

    Only what `actor` may see is joined: where a hidden one has the key, this one is kept apart from it, and
    nothing tells them so.

    `severity` is `sev1` to `sev4` or another word for one, `services` are slugs of what is affected: what
    leans hard on them is noted as well. `detected_at` (aware UTC) is now unless said otherwise. `source`
    names what it came from, e.g. `("deployment", "DEP-7")`, of which there is one incident at most. Who
    joins raises the severity where theirs is graver, and adds their services. It runs under the standard
    that is active now. Raises `InvalidInput`, `Forbidden`, `Unavailable` where no standard is active.
    """
    with write(actor=actor, now=now):
        require(actor, "incident.declare")
        affected = clean_services(services)
        incident = Incident(
            title=clean_title(title),
            summary=clean_words(summary, field="summary", required=False, most=MAX_TEXT),
            severity=clean_severity(severity),
            detected_at=clean_past(detected_at, field="detected_at", now=now) if detected_at else now,
            detected_by=clean_choice(detected_by, Incident.DetectedBy.values, field="detected_by"),
            visibility=clean_choice(visibility, Incident.Visibility.values, field="visibility"),
            security=bool(security),
            customer_facing=customer_facing,
            declared_at=now,
            opened_at=now,
            declared_by_kind=actor.kind.value,
            declared_by_id=actor.id,
            source_kind=source[0],
            source_key=source[1],
            group_key=group_key[:MAX_GROUP_KEY],
            policy=policy,
            standard_hash=active_standard().content_hash,
            updated_at=now,
            version=0,
        )
        standing = _standing(incident, actor, now)
        if standing is None:
            try:
                with transaction.atomic():
                    incident.save(force_insert=True)
            except IntegrityError:
                # Somebody declared the same between our look and our insert.
                standing = _standing(incident, actor, now)
                if standing is None:
                    # It is hidden from the actor: this one has a key of its own now.
                    incident.save(force_insert=True)
        if standing is not None:
            return _join(standing, incident, affected, actor=actor, now=now)
        scene = Scene(incident, _affect(incident, affected))
        happened(
            scene,
            actor=actor,
            now=now,
            event="declared",
            text=incident.title,
            data={"source_kind": source[0], "source_key": source[1]},
        )
        roles_from_on_call(scene, now=now)
        escalation_open(actor=actor, now=now, incident=incident)
        return incident


def _standing(incident: Incident, actor: Actor, now: datetime) -> Incident | None:
    """Return the incident, locked, that this one belongs to, or None. Its key may be another afterwards."""
    rows = Incident.objects.select_for_update(of=("self",))
    if incident.source_kind == "deployment":
        found = rows.filter(source_kind="deployment", source_key=incident.source_key).first()
        if found is not None:
            return found
    if not incident.group_key:
        return None
    # Where one is hidden from the actor, theirs has a key of its own, so that the next of theirs joins it.
    for key in (incident.group_key, _key_apart(incident.group_key, actor)):
        incident.group_key = key
        found = rows.filter(group_key=key, state__in=OPEN).first() or _went_on(key)
        if found is None or Incident.objects.filter(seen_by(actor, now), pk=found.pk).exists():
            return found
    incident.group_key = ""
    return None


def _key_apart(group_key: str, actor: Actor) -> str:
    """Return under which key the incidents of `actor` gather that may not join what has `group_key`."""
    told = f"{actor.kind.value}:{actor.id}:{group_key}"
    return f"apart:{hashlib.sha256(told.encode()).hexdigest()}"


def _went_on(group_key: str) -> Incident | None:
    """Return the open incident, locked, into which the last one of this group was merged, or None."""
    last = Incident.objects.filter(group_key=group_key).order_by("-pk").first()
    while last is not None and last.merged_into_id is not None:
        last = Incident.objects.select_for_update(of=("self",)).get(pk=last.merged_into_id)
        if last.is_open:
            return last
    return None


def _join(
    standing: Incident, other: Incident, services: list[Service], *, actor: Actor, now: datetime
) -> Incident:
    """Bring into `standing` what `other` would have told: a graver severity, further services."""
    scene = Scene(standing, affected_by(standing))
    if not standing.is_open:
        return standing
    fresh = services_add(scene, services)
    if fresh:
        scene.save(now)
        record(scene, actor=actor, now=now, event="services_changed", data={"added": list(fresh)})
    graver = higher(standing.severity, other.severity)  # type: ignore[arg-type]
    if graver != standing.severity:
        severity_set(scene, graver, actor=actor, now=now, reason="What joined it is graver.")
    return standing


def services_add(scene: Scene, services: Collection[Service]) -> list[str]:
    """Note services as affected, and what leans on them; return the slugs of those that are newly so."""
    incident = scene.incident
    known = {one.service_id: one for one in scene.affected}
    fresh: list[str] = []
    for service in services:
        row = known.get(service.pk)
        if row is None:
            IncidentService.objects.create(incident=incident, service=service)
        elif row.effect != IncidentService.Effect.DIRECT:
            row.effect = IncidentService.Effect.DIRECT
            row.save()
        else:
            continue
        fresh.append(service.slug)
    if fresh:
        note_dependants(incident)
        scene.affected = affected_by(incident)
    return fresh


def _affect(incident: Incident, services: Collection[Service]) -> tuple[IncidentService, ...]:
    for service in services:
        IncidentService.objects.create(incident=incident, service=service)
    note_dependants(incident)
    return affected_by(incident)


def note_dependants(incident: Incident) -> None:
    """Note what leans on the services that are affected directly, and forget what no longer does."""
    rows = {row.service_id: row for row in incident.affected.select_related("service")}
    direct = [row.service for row in rows.values() if row.effect == IncidentService.Effect.DIRECT]
    leaning = {service.pk: service for service in dependants_of_all(direct)}
    for pk, service in leaning.items():
        if pk not in rows:
            IncidentService.objects.create(
                incident=incident, service=service, effect=IncidentService.Effect.DEPENDANT
            )
    for pk, row in rows.items():
        if row.effect == IncidentService.Effect.DEPENDANT and pk not in leaning:
            row.delete()

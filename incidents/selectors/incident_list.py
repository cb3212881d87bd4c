"""Lists of incidents: what may be asked for, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from incidents.models import Incident, IncidentService
from incidents.models.response import PREFIX
from incidents.selectors.response import visible
from incidents.states import OPEN
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

ORDERINGS = {
    "-declared_at": ("-declared_at", "-id"),
    "declared_at": ("declared_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
    "updated_at": ("updated_at", "id"),
}


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What of the incidents somebody wants to see; what is empty leaves nothing out."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    service: str = ""
    assignee: UUID | None = None
    detected_by: str = ""
    text: str = ""

    @property
    def is_open_only(self) -> bool:
        return bool(self.states) and set(self.states) <= set(OPEN)


def incidents_loaded(actor: Actor, now: datetime) -> QuerySet[Incident]:
    """Return the incidents that `actor` may see, with their people and services. Two queries."""
    return (
        visible(actor, now)
        .select_related("assignee", "acknowledged_by", "merged_into")
        .prefetch_related("affected__service")
    )


def incident_list(actor: Actor, wanted: IncidentFilter, now: datetime) -> QuerySet[Incident]:
    """Return what `wanted` asks for of the incidents that `actor` may see."""
    rows = incidents_loaded(actor, now)
    if wanted.states:
        rows = rows.filter(state__in=wanted.states)
    if wanted.severities:
        rows = rows.filter(severity__in=wanted.severities)
    if wanted.service:
        touched = IncidentService.objects.filter(
            service__slug=wanted.service, effect=IncidentService.Effect.DIRECT
        )
        rows = rows.filter(pk__in=touched.values("incident"))
    if wanted.assignee:
        rows = rows.filter(assignee=wanted.assignee)
    if wanted.detected_by:
        rows = rows.filter(detected_by=wanted.detected_by)
    if wanted.text:
        number = number_of(wanted.text, PREFIX)
        rows = rows.filter(pk=number) if number else rows.filter(title__icontains=wanted.text)
    return rows


def incident_by_key(actor: Actor, key: str, now: datetime) -> Incident:
    """Return the incident with this key. Raises `NotFound`, also where `actor` may not see it."""
    number = number_of(key, PREFIX)
    found = incidents_loaded(actor, now).filter(pk=number).first() if number is not None else None
    if found is None:
        raise NotFound("There is no such incident.")
    return found

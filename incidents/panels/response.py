"""What other pages show of incidents, and what is hidden there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from incidents.models import Incident
from incidents.models.response import PREFIX
from incidents.selectors.response import seen_by, sees_all, visible
from incidents.services.response.scene import KIND
from incidents.severities import TITLES
from incidents.states import INCIDENT
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.keys import number_of
from opsportal.core.registry import (
    SearchHit,
    hidden_subjects,
    key_urls,
    search_sources,
)


def incident_path(number: int) -> str:
    return f"/incidents/{PREFIX}-{number}/"


def hidden_keys(actor: Actor, now: datetime) -> QuerySet[Any] | None:
    """Return the keys of the incidents that `actor` may not see, or None for those who see all."""
    if sees_all(actor, now):
        return None
    hidden = Incident.objects.filter(visibility=Incident.Visibility.RESTRICTED).exclude(seen_by(actor, now))
    return hidden.annotate(
        named=Concat(Value(f"{PREFIX}-"), Cast(F("pk"), CharField()), output_field=CharField())
    ).values("named")


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find incidents by key or by a part of their title, the latest first."""
    rows = visible(actor, edge_now())
    number = number_of(text, PREFIX)
    rows = rows.filter(pk=number) if number is not None else rows.filter(title__icontains=text)
    return [_hit(row) for row in rows.order_by("-pk")[:limit]]


def _hit(row: Incident) -> SearchHit:
    kind = f"{TITLES[row.severity]}, {INCIDENT.names[row.state].lower()}"
    return SearchHit(row.key, row.title, f"Incident · {kind}", incident_path(row.pk))


def register() -> None:
    """Put this area's panels, search source and key resolver where they belong, and say what is hidden."""
    key_urls.add(PREFIX, incident_path)
    hidden_subjects.add(KIND, hidden_keys)
    search_sources.add("incidents", search)

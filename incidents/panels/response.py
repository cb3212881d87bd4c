"""What other pages show of incidents, and what is hidden there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from incidents.models import Incident, IncidentLink
from incidents.models.response import PREFIX
from incidents.selectors.response import hidden_from, open_incidents, visible
from incidents.services.response.scene import KIND
from incidents.severities import TITLES
from incidents.states import INCIDENT, OPEN
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.keys import number_of
from opsportal.core.registry import (
    Panel,
    SearchHit,
    hidden_paths,
    hidden_subjects,
    key_urls,
    panels,
    search_sources,
)

SHOWN = 6
COUNT_CAP = 100


def incident_path(number: int) -> str:
    return f"/incidents/{PREFIX}-{number}/"


def link_url(link: IncidentLink) -> str:
    """Return where a link leads: the page of its key, or its own address."""
    if link.kind == IncidentLink.Kind.URL:
        return link.target
    prefix, _, number = link.target.partition("-")
    resolver = key_urls.get(prefix)
    return resolver(int(number)) if resolver else ""


def hidden_keys(actor: Actor, now: datetime) -> QuerySet[Any] | None:
    """Return the keys of the incidents that `actor` may not see, or None for those who see all."""
    return _hidden(actor, now, f"{PREFIX}-")


def hidden_rows(actor: Actor, now: datetime) -> QuerySet[Any] | None:
    """Return where the back office has the incidents that `actor` may not see, as parts of its paths."""
    return _hidden(actor, now, f"{Incident._meta.app_label}/{Incident._meta.model_name}/")


def _hidden(actor: Actor, now: datetime, ahead: str) -> QuerySet[Any] | None:
    hidden = hidden_from(actor, now)
    if hidden is None:
        return None
    named = Concat(Value(ahead), Cast(F("pk"), CharField()), output_field=CharField())
    return hidden.annotate(named=named).values("named")


def going_on(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the incidents under way, the gravest first; None where there is none."""
    rows = list(open_incidents(actor, now).select_related("assignee")[: COUNT_CAP + 1])
    if not rows:
        return None
    return {"incidents": rows[:SHOWN], "count": min(len(rows), COUNT_CAP), "is_more": len(rows) > SHOWN}


def mine(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the open incidents that were given to the reader; None where there is none."""
    if not actor.is_user:
        return None
    rows = list(open_incidents(actor, now).filter(assignee=UUID(actor.id))[:SHOWN])
    return {"incidents": rows} if rows else None


def nav(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the count beside "Incidents": of those that are open."""
    count = len(open_incidents(actor, now).values_list("pk", flat=True)[:COUNT_CAP])
    return {"count": count, "words": "open"}


def of_service(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the latest incidents of one service (`subject`), those under way first."""
    rows = visible(actor, now).filter(affected__service=subject)
    under_way = list(rows.filter(state__in=OPEN).order_by("severity", "-pk")[:SHOWN])
    lately = list(rows.exclude(state__in=OPEN).order_by("-pk")[:SHOWN])
    found = under_way + lately
    return {"incidents": found[:SHOWN], "is_more": len(found) > SHOWN, "service": subject} if found else None


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
    hidden_paths.add("incidents", hidden_rows)
    search_sources.add("incidents", search)
    panels.add("incidents.broken", Panel("home.broken", 1, "incidents/response/panel_open.html", going_on))
    panels.add("incidents.mine", Panel("home.waiting", 2, "incidents/response/panel_mine.html", mine))
    panels.add("incidents.nav", Panel("nav.incidents", 10, "", nav))
    panels.add(
        "incidents.service", Panel("service.main", 5, "incidents/response/panel_service.html", of_service)
    )

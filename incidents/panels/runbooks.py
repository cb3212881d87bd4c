"""What other pages show of runbooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from incidents.models import Alert, Incident
from incidents.selectors.runbooks import runbooks_for, runbooks_loaded, runs_for_incident
from opsportal.catalog.models import Service
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, SearchHit, panels, search_sources, subject_urls

MOST = 200
"""So many alerts of an incident are looked at, the newest first."""
SHOWN = 10


def of_service(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the runbooks of one service; with none, the page says that one is missing."""
    assert isinstance(subject, Service)  # noqa: S101 - the place of this panel
    return {"service": subject, "offers": runbooks_for([subject.slug])}


def of_incident(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the runbooks that fit an incident and its alerts, and the runs that were started for it."""
    assert isinstance(subject, Incident)  # noqa: S101 - the place of this panel
    slugs = [one.service.slug for one in subject.affected.select_related("service") if one.effect == "direct"]
    rows = list(
        Alert.objects.filter(incident=subject).order_by("-id").values_list("labels", "annotations")[:MOST]
    )
    addresses = [str(notes.get("runbook_url", "")) for _, notes in rows if isinstance(notes, dict)]
    labels = [table for table, _ in rows if isinstance(table, dict)]
    return {
        "incident": subject,
        "offers": runbooks_for(slugs, labels, addresses)[:SHOWN],
        "runs": runs_for_incident(subject),
        "may_run": may(actor, "runbook.run"),
    }


def search(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the runbooks whose short name or title contains the text, by title."""
    found = runbooks_loaded().filter(Q(slug__icontains=text) | Q(title__icontains=text))
    rows = found.exclude(state="retired").order_by("title", "id")[:limit]
    return [SearchHit(row.slug, row.title, "Runbook", path_of(row.slug)) for row in rows]


def path_of(slug: str) -> str:
    """Return the path of the page of a runbook."""
    return reverse("incidents:runbook", args=[slug])


def register() -> None:
    """Put the panels, the search source and the addresses of runbooks where they belong."""
    panels.add(
        "incidents.runbooks.service",
        Panel("service.main", 30, "incidents/runbooks/panel_service.html", of_service),
    )
    panels.add(
        "incidents.runbooks.incident",
        Panel("incident.side", 20, "incidents/runbooks/panel_incident.html", of_incident),
    )
    search_sources.add("runbooks", search)
    subject_urls.add("runbook", path_of)

"""What other pages show of runbooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from incidents.selectors.runbooks import runbooks_for, runbooks_loaded
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, SearchHit, panels, search_sources, subject_urls


def of_service(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the runbooks of one service; with none, the page says that one is missing."""
    assert isinstance(subject, Service)  # noqa: S101 - the place of this panel
    return {"service": subject, "offers": runbooks_for([subject.slug])}


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
    search_sources.add("runbooks", search)
    subject_urls.add("runbook", path_of)

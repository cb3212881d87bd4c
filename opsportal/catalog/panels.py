"""What other pages show of the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from opsportal.accounts.models import Team
from opsportal.catalog.selectors import matching, services
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, SearchHit

MAX_OWNED = 100


def search_services(_actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the services whose slug or name contains `text`, at most `limit`."""
    found = services().filter(matching(text))[:limit]
    return [
        SearchHit(service.slug, service.name, "Service", reverse("catalog:service", args=[service.slug]))
        for service in found
    ]


def _owned(_actor: Actor, _now: datetime, team: Team) -> dict[str, Any] | None:
    owned = list(services().filter(owner_team=team, state="active")[:MAX_OWNED])
    return {"services": owned} if owned else None


TEAM_PANEL = Panel("team.main", 10, "catalog/panel_team.html", _owned)

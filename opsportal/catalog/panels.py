"""What other pages show of the catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from opsportal.accounts.models import Team
from opsportal.catalog.models import Service
from opsportal.catalog.selectors import KEY_WARNING_DAYS, keys_ending, matching, providers, services
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, SearchHit

MAX_OWNED = 100
SHOWN = 5


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


def search_providers(_actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the providers whose slug or name contains `text`, at most `limit`."""
    found = providers().filter(matching(text))[:limit]
    return [
        SearchHit(provider.slug, provider.name, "Provider", reverse("catalog:provider", args=[provider.slug]))
        for provider in found
    ]


def _keys(_actor: Actor, now: datetime, _subject: Any) -> dict[str, Any] | None:
    """Return the providers whose key is over or ends soon."""
    today = now.astimezone(UTC).date()
    ending = list(keys_ending(today)[: SHOWN + 1])
    if not ending:
        return None
    lines = [{"provider": one, "days": one.days_left(today)} for one in ending[:SHOWN]]
    return {"lines": lines, "more": len(ending) > SHOWN, "warning_days": KEY_WARNING_DAYS}


def _used(_actor: Actor, now: datetime, service: Service) -> dict[str, Any] | None:
    used = list(providers().filter(uses__service=service, state="active"))
    return {"providers": used} if used else None


KEYS_PANEL = Panel("home.broken", 50, "catalog/panel_keys.html", _keys)
SERVICE_PANEL = Panel("service.main", 40, "catalog/panel_providers.html", _used)
TEAM_PANEL = Panel("team.main", 10, "catalog/panel_team.html", _owned)

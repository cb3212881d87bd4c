"""What other pages show of the catalogue."""

from __future__ import annotations

from django.urls import reverse

from opsportal.catalog.selectors import matching, services
from opsportal.core.actor import Actor
from opsportal.core.registry import SearchHit


def search_services(_actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the services whose slug or name contains `text`, at most `limit`."""
    found = services().filter(matching(text))[:limit]
    return [
        SearchHit(service.slug, service.name, "Service", reverse("catalog:service", args=[service.slug]))
        for service in found
    ]

"""Reads of the catalogue that more than one place needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from opsportal.catalog.expiry import FIRST
from opsportal.catalog.models import Dependency, Environment, Provider, Service
from opsportal.core.errors import NotFound

KEY_WARNING_DAYS = FIRST


def services() -> QuerySet[Service]:
    """Return all services with their owner team, by name; `.filter(state="active")` for those in use."""
    return Service.objects.select_related("owner_team").order_by("name", "id")


def matching(text: str) -> Q:
    """Return the condition "slug or name contains this text"."""
    return Q(slug__icontains=text) | Q(name__icontains=text)


def service_by_slug(slug: str) -> Service:
    """Return the service with its owner team. Raises `NotFound`."""
    service = services().filter(slug=slug).first()
    if service is None:
        raise NotFound("There is no such service.")
    return service


def environment_by_slug(slug: str) -> Environment:
    """Return the environment. Raises `NotFound`."""
    environment = Environment.objects.filter(slug=slug).first()
    if environment is None:
        raise NotFound("There is no such environment.")
    return environment


def services_named(slugs: Collection[str]) -> dict[str, Service]:
    """Return the services with these slugs, by slug, with their owner teams; unknown ones are missing."""
    return {service.slug: service for service in services().filter(slug__in=_storable(slugs))}


def environments_named(slugs: Collection[str]) -> dict[str, Environment]:
    """Return the environments with these slugs, by slug; unknown ones are missing."""
    found = Environment.objects.filter(slug__in=_storable(slugs))
    return {environment.slug: environment for environment in found}


def providers() -> QuerySet[Provider]:
    """Return all external providers with their owner team, by name."""
    return Provider.objects.select_related("owner_team").order_by("name", "id")


def provider_by_slug(slug: str) -> Provider:
    """Return the provider with its owner team. Raises `NotFound`."""
    provider = providers().filter(slug=slug).first()
    if provider is None:
        raise NotFound("There is no such provider.")
    return provider


def keys_ending(today: date) -> QuerySet[Provider]:
    """Return the providers in use whose key is over or ends within 30 days of `today` (UTC)."""
    soon = today + timedelta(days=KEY_WARNING_DAYS)
    return providers().filter(state="active", key_expires_on__lte=soon).order_by("key_expires_on", "id")


def entries(slugs: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Return services (all, or those with these slugs) as export and import see them, by slug. Two queries.

    `links` are `{"title", "url"}` each, `depends_on` is slug → kind.
    """
    rows, links = services().order_by("slug"), Dependency.objects.all()
    if slugs is not None:
        wanted = _storable(slugs)
        rows, links = rows.filter(slug__in=wanted), links.filter(service__slug__in=wanted)
    leans: dict[int, dict[str, str]] = defaultdict(dict)
    found = links.values_list("service_id", "depends_on__slug", "kind")
    for service, slug, kind in found.order_by("depends_on__slug"):
        leans[service][slug] = kind
    return [
        {
            "slug": row.slug,
            "name": row.name,
            "tier": row.tier,
            "data_classification": row.data_classification,
            "owner_team": row.owner_team.slug,
            "description": row.description,
            "links": row.links,
            "depends_on": leans.get(row.pk, {}),
        }
        for row in rows
    ]


def service_exists(slug: str) -> bool:
    """Return whether there is a service with this slug, retired or not."""
    return Service.objects.filter(slug=slug).exists()


def dependencies_of(service: Service) -> QuerySet[Dependency]:
    """Return what `service` depends on, hard ones first, each with its service."""
    return (
        Dependency.objects.filter(service=service)
        .select_related("depends_on")
        .order_by("kind", "depends_on__name")
    )


def dependants_of(service: Service) -> QuerySet[Dependency]:
    """Return what depends on `service`, hard ones first, each with its service."""
    return (
        Dependency.objects.filter(depends_on=service)
        .select_related("service")
        .order_by("kind", "service__name")
    )


def _storable(slugs: Collection[str]) -> list[str]:
    return [slug for slug in slugs if "\x00" not in slug]  # PostgreSQL cannot even be asked for such a text

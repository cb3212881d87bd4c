"""Reads of the catalogue that more than one place needs."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from opsportal.catalog.models import Dependency, Environment, Service
from opsportal.core.errors import NotFound


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

"""The back office of the catalogue: looked at here; services and environments are written on their pages."""

from __future__ import annotations

from django.contrib import admin

from opsportal.catalog.models import Dependency, Environment, Provider, ProviderUse, Service
from opsportal.web.admin import LookAdmin


@admin.register(Service)
class ServiceAdmin(LookAdmin):
    """Services."""

    list_display = ["name", "slug", "tier", "data_classification", "owner_team", "state", "updated_at"]
    list_filter = ["tier", "data_classification", "state", "owner_team"]
    search_fields = ["name", "slug", "description"]
    list_select_related = ["owner_team"]


@admin.register(Environment)
class EnvironmentAdmin(LookAdmin):
    """Environments."""

    list_display = ["name", "slug", "kind", "rank", "when_unreachable", "updated_at"]
    list_filter = ["kind", "when_unreachable"]
    search_fields = ["name", "slug"]


@admin.register(Dependency)
class DependencyAdmin(LookAdmin):
    """Dependencies between services."""

    list_display = ["service", "depends_on", "kind", "created_at"]
    list_filter = ["kind"]
    search_fields = ["service__slug", "service__name", "depends_on__slug", "depends_on__name"]
    list_select_related = ["service", "depends_on"]


@admin.register(Provider)
class ProviderAdmin(LookAdmin):
    """External providers."""

    list_display = ["name", "slug", "owner_team", "key_expires_on", "state", "updated_at"]
    list_filter = ["state", "owner_team"]
    search_fields = ["name", "slug", "description"]
    list_select_related = ["owner_team"]
    date_hierarchy = "key_expires_on"


@admin.register(ProviderUse)
class ProviderUseAdmin(LookAdmin):
    """Which services lean on which providers."""

    list_display = ["service", "provider"]
    list_filter = ["provider"]
    search_fields = ["service__slug", "service__name", "provider__slug", "provider__name"]
    list_select_related = ["service", "provider"]
    ordering = ["-id"]

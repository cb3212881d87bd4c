from datetime import timedelta

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "opsportal.catalog"
    label = "catalog"

    def ready(self) -> None:
        from opsportal.accounts.services.roles import scope_kinds
        from opsportal.audit import actions
        from opsportal.catalog import permissions
        from opsportal.catalog.panels import (
            KEYS_PANEL,
            SERVICE_PANEL,
            TEAM_PANEL,
            search_providers,
            search_services,
        )
        from opsportal.catalog.selectors import service_exists
        from opsportal.core.registry import panels, search_sources
        from opsportal.outbox.ticks import expect

        permissions.register()
        scope_kinds.add("service", service_exists)
        search_sources.add("services", search_services)
        search_sources.add("providers", search_providers)
        panels.add("catalog.team", TEAM_PANEL)
        panels.add("catalog.keys", KEYS_PANEL)
        panels.add("catalog.providers", SERVICE_PANEL)
        expect(
            "catalog.keys",
            every=timedelta(minutes=10),
            without_it="nobody is told that the key of a provider ends",
        )
        actions.register_all(
            {
                "service.created": "added the service",
                "service.updated": "changed the service",
                "service.retired": "retired the service",
                "service.reinstated": "reinstated the service",
                "environment.created": "added the environment",
                "environment.updated": "changed the environment",
                "provider.created": "added the provider",
                "provider.updated": "changed the provider",
                "provider.retired": "retired the provider",
                "provider.reinstated": "reinstated the provider",
                "provider.reminded": "reminded its owners that its key ends",
                "dependency.added": "added a dependency",
                "dependency.removed": "removed a dependency",
            }
        )

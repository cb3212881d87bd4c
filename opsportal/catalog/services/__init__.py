from opsportal.catalog.services.dependencies import dependency_add, dependency_remove
from opsportal.catalog.services.environments import environment_create, environment_update
from opsportal.catalog.services.imports import catalog_import, catalog_preview
from opsportal.catalog.services.keys import keys_remind
from opsportal.catalog.services.providers import provider_create, provider_move, provider_update
from opsportal.catalog.services.services import (
    service_create,
    service_reinstate,
    service_retire,
    service_update,
)

__all__ = [
    "catalog_import",
    "catalog_preview",
    "dependency_add",
    "dependency_remove",
    "environment_create",
    "environment_update",
    "keys_remind",
    "provider_create",
    "provider_move",
    "provider_update",
    "service_create",
    "service_reinstate",
    "service_retire",
    "service_update",
]

from opsportal.catalog.services.dependencies import dependency_add, dependency_remove
from opsportal.catalog.services.environments import environment_create, environment_update
from opsportal.catalog.services.services import (
    service_create,
    service_reinstate,
    service_retire,
    service_update,
)

__all__ = [
    "dependency_add",
    "dependency_remove",
    "environment_create",
    "environment_update",
    "service_create",
    "service_reinstate",
    "service_retire",
    "service_update",
]

from opsportal.catalog.models.environments import Environment
from opsportal.catalog.models.providers import Provider, ProviderUse
from opsportal.catalog.models.services import Dependency, Service

__all__ = ["Dependency", "Environment", "Provider", "ProviderUse", "Service"]

from opsportal.standards.services.activate import standard_activate, standard_install
from opsportal.standards.services.review import standard_review
from opsportal.standards.services.store import standard_store

__all__ = ["standard_activate", "standard_install", "standard_review", "standard_store"]

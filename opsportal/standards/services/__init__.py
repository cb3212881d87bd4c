from opsportal.standards.services.activate import (
    standard_activate,
    standard_activate_by_change,
    standard_bootstrap,
    standard_install,
)
from opsportal.standards.services.review import standard_review
from opsportal.standards.services.store import standard_propose, standard_store

__all__ = [
    "standard_activate",
    "standard_activate_by_change",
    "standard_bootstrap",
    "standard_install",
    "standard_propose",
    "standard_review",
    "standard_store",
]

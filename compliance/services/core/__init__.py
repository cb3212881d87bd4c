from compliance.services.core.cadences import cadences_follow
from compliance.services.core.conformance import conformance_evaluate
from compliance.services.core.happened import happened

__all__ = ["cadences_follow", "conformance_evaluate", "happened"]

from opsportal.obligations.models.excuses import Excuse
from opsportal.obligations.models.obligations import Obligation

__all__ = ["Excuse", "Obligation"]

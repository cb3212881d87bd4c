from opsportal.obligations.services.advance import obligations_advance
from opsportal.obligations.services.end import obligations_end
from opsportal.obligations.services.excuse import excuse_from, obligation_excuse
from opsportal.obligations.services.follow import obligations_follow
from opsportal.obligations.services.hand_over import obligations_hand_over
from opsportal.obligations.services.open import obligation_open
from opsportal.obligations.services.standard_review import standard_review_follow
from opsportal.obligations.services.waive import obligation_waive

__all__ = [
    "excuse_from",
    "obligation_excuse",
    "obligation_open",
    "obligation_waive",
    "obligations_advance",
    "obligations_end",
    "obligations_follow",
    "obligations_hand_over",
    "standard_review_follow",
]

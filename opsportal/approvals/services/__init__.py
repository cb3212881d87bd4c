from opsportal.approvals.services.opening import Opened, approval_open
from opsportal.approvals.services.voiding import approval_exclude, approval_void
from opsportal.approvals.services.voting import VoteResult, approval_vote

__all__ = [
    "Opened",
    "VoteResult",
    "approval_exclude",
    "approval_open",
    "approval_void",
    "approval_vote",
]

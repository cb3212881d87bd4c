from opsportal.approvals.services.conditions import (
    condition_confirm,
    condition_do,
    condition_locked,
    condition_return,
    condition_withdraw,
    conditions_void,
    may_confirm,
)
from opsportal.approvals.services.opening import Opened, approval_open
from opsportal.approvals.services.recounting import RoundResult, approval_recount
from opsportal.approvals.services.recusing import approval_recuse
from opsportal.approvals.services.voiding import approval_exclude, approval_void
from opsportal.approvals.services.voting import VoteResult, approval_vote

__all__ = [
    "Opened",
    "RoundResult",
    "VoteResult",
    "approval_exclude",
    "approval_open",
    "approval_recount",
    "approval_recuse",
    "approval_void",
    "approval_vote",
    "condition_confirm",
    "condition_do",
    "condition_locked",
    "condition_return",
    "condition_withdraw",
    "conditions_void",
    "may_confirm",
]

from opsportal.approvals.models.conditions import Condition
from opsportal.approvals.models.recusals import Recusal
from opsportal.approvals.models.requests import ApprovalRequest, ApprovalStage
from opsportal.approvals.models.votes import Vote

__all__ = ["ApprovalRequest", "ApprovalStage", "Condition", "Recusal", "Vote"]

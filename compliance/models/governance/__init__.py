from compliance.models.governance.access import AccessHolding, AccessMove, AccessReview
from compliance.models.governance.boards import BoardDecision, BoardDecisionText
from compliance.models.governance.checklists import (
    Checklist,
    ChecklistAnswer,
    ChecklistEdition,
    ChecklistRun,
)
from compliance.models.governance.improvement import (
    ImprovementItem,
    ImprovementPhase,
    MaturityAssessment,
)
from compliance.models.governance.requests import PersonRequest
from compliance.models.governance.scans import Scan, Vulnerability
from compliance.models.governance.statements import Declaration, ReadinessStatement
from compliance.models.governance.training import Training, TrainingAttendance, TrainingTopic

__all__ = [
    "AccessHolding",
    "AccessMove",
    "AccessReview",
    "BoardDecision",
    "BoardDecisionText",
    "Checklist",
    "ChecklistAnswer",
    "ChecklistEdition",
    "ChecklistRun",
    "Declaration",
    "ImprovementItem",
    "ImprovementPhase",
    "MaturityAssessment",
    "PersonRequest",
    "ReadinessStatement",
    "Scan",
    "Training",
    "TrainingAttendance",
    "TrainingTopic",
    "Vulnerability",
]

"""Data of compliance, by area."""

from compliance.models.audits import (
    Audit,
    AuditMember,
    AuditorAccess,
    AuditProgramme,
    AuditRead,
    AuditReport,
    ControlTest,
    CorrectiveAction,
    EvidenceRequest,
    Finding,
    Population,
    Sample,
    SampleItem,
    TestedControl,
    WorkingNote,
)
from compliance.models.controls import (
    Control,
    ControlEvent,
    ControlException,
    ControlLink,
    ControlRequirement,
    ControlRule,
    EvidenceItem,
    EvidenceLink,
    EvidenceRevision,
)
from compliance.models.evidence import (
    ConformanceState,
    ConformanceTurn,
    Evidence,
)
from compliance.models.frameworks import (
    Framework,
    Requirement,
)
from compliance.models.governance.access import (
    AccessHolding,
    AccessMove,
    AccessReview,
)
from compliance.models.governance.boards import (
    BoardDecision,
    BoardDecisionText,
)
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
from compliance.models.governance.requests import (
    PersonRequest,
)
from compliance.models.governance.scans import (
    Scan,
    Vulnerability,
)
from compliance.models.governance.statements import (
    Declaration,
    ReadinessStatement,
)
from compliance.models.governance.training import (
    Training,
    TrainingAttendance,
    TrainingTopic,
)
from compliance.models.measures import (
    Measurement,
    PullSource,
    Rollup,
    Series,
)
from compliance.models.policies import (
    Attestation,
    Document,
    DocumentLink,
    Policy,
    PolicyPublication,
    PolicyVersion,
)
from compliance.models.promises import (
    CapacityPlan,
    CostBudget,
    Objective,
)
from compliance.models.recovery import (
    Asset,
    Backup,
    Exercise,
    ExercisePerson,
    ExerciseService,
    LegalHold,
    ProcedureStep,
    Purge,
    RestoreTest,
)
from compliance.models.reports import (
    MonthlyReport,
    ReportMail,
    ReportRecipient,
)

__all__ = [
    "AccessHolding",
    "AccessMove",
    "AccessReview",
    "Asset",
    "Attestation",
    "Audit",
    "AuditMember",
    "AuditProgramme",
    "AuditRead",
    "AuditReport",
    "AuditorAccess",
    "Backup",
    "BoardDecision",
    "BoardDecisionText",
    "CapacityPlan",
    "Checklist",
    "ChecklistAnswer",
    "ChecklistEdition",
    "ChecklistRun",
    "ConformanceState",
    "ConformanceTurn",
    "Control",
    "ControlEvent",
    "ControlException",
    "ControlLink",
    "ControlRequirement",
    "ControlRule",
    "ControlTest",
    "CorrectiveAction",
    "CostBudget",
    "Declaration",
    "Document",
    "DocumentLink",
    "Evidence",
    "EvidenceItem",
    "EvidenceLink",
    "EvidenceRequest",
    "EvidenceRevision",
    "Exercise",
    "ExercisePerson",
    "ExerciseService",
    "Finding",
    "Framework",
    "ImprovementItem",
    "ImprovementPhase",
    "LegalHold",
    "MaturityAssessment",
    "Measurement",
    "MonthlyReport",
    "Objective",
    "PersonRequest",
    "Policy",
    "PolicyPublication",
    "PolicyVersion",
    "Population",
    "ProcedureStep",
    "PullSource",
    "Purge",
    "ReadinessStatement",
    "ReportMail",
    "ReportRecipient",
    "Requirement",
    "RestoreTest",
    "Rollup",
    "Sample",
    "SampleItem",
    "Scan",
    "Series",
    "TestedControl",
    "Training",
    "TrainingAttendance",
    "TrainingTopic",
    "Vulnerability",
    "WorkingNote",
]

from compliance.models.audits.access import AuditorAccess, AuditRead
from compliance.models.audits.fieldwork import (
    ControlTest,
    Population,
    Sample,
    SampleItem,
    TestedControl,
    WorkingNote,
)
from compliance.models.audits.findings import CorrectiveAction, EvidenceRequest, Finding
from compliance.models.audits.plan import Audit, AuditMember, AuditProgramme, AuditReport

__all__ = [
    "Audit",
    "AuditMember",
    "AuditProgramme",
    "AuditRead",
    "AuditReport",
    "AuditorAccess",
    "ControlTest",
    "CorrectiveAction",
    "EvidenceRequest",
    "Finding",
    "Population",
    "Sample",
    "SampleItem",
    "TestedControl",
    "WorkingNote",
]

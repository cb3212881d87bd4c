"""Data and constraints of incidents, alerts, on-call and learning; no workflow."""

from incidents.models.alerts import (
    Alert,
    AlertMessage,
    AlertRoute,
    ChangeReport,
    HeartbeatCheck,
    Integration,
    IntegrationToken,
)
from incidents.models.escalation import (
    Escalation,
    EscalationAcknowledgement,
    EscalationMove,
    EscalationPolicy,
    ServicePolicy,
)
from incidents.models.oncall import Override, Schedule, ScheduleVersion
from incidents.models.response import (
    Incident,
    IncidentEntry,
    IncidentLink,
    IncidentRole,
    IncidentService,
    IncidentTask,
    IncidentWatch,
)
from incidents.models.runbooks import (
    Runbook,
    RunbookLink,
    RunbookRun,
    RunbookStep,
    RunbookTarget,
    RunbookVersion,
)
from incidents.models.statuspage import (
    StatusComponent,
    StatusCopy,
    StatusMail,
    StatusNotice,
    StatusNoticeComponent,
    StatusSubscriber,
    StatusUpdate,
)

__all__ = [
    "Alert",
    "AlertMessage",
    "AlertRoute",
    "ChangeReport",
    "Escalation",
    "EscalationAcknowledgement",
    "EscalationMove",
    "EscalationPolicy",
    "HeartbeatCheck",
    "Incident",
    "IncidentEntry",
    "IncidentLink",
    "IncidentRole",
    "IncidentService",
    "IncidentTask",
    "IncidentWatch",
    "Integration",
    "IntegrationToken",
    "Override",
    "Runbook",
    "RunbookLink",
    "RunbookRun",
    "RunbookStep",
    "RunbookTarget",
    "RunbookVersion",
    "Schedule",
    "ScheduleVersion",
    "ServicePolicy",
    "StatusComponent",
    "StatusCopy",
    "StatusMail",
    "StatusNotice",
    "StatusNoticeComponent",
    "StatusSubscriber",
    "StatusUpdate",
]

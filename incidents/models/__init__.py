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
    "Runbook",
    "RunbookLink",
    "RunbookRun",
    "RunbookStep",
    "RunbookTarget",
    "RunbookVersion",
    "StatusComponent",
    "StatusCopy",
    "StatusMail",
    "StatusNotice",
    "StatusNoticeComponent",
    "StatusSubscriber",
    "StatusUpdate",
]

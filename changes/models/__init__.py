from changes.models.attestations import Attestation
from changes.models.break_glass import BreakGlass, BreakGlassService
from changes.models.changes import Change, ChangeTarget
from changes.models.comments import ChangeComment
from changes.models.deployments import Deployment, DeploymentEvent
from changes.models.filters import SavedFilter
from changes.models.meetings import AgendaItem, Meeting, MeetingDecision, MeetingPresence
from changes.models.search import SearchDocument
from changes.models.templates import ChangeTemplate, TemplateTarget
from changes.models.watching import ChangeWatch

__all__ = [
    "AgendaItem",
    "Attestation",
    "BreakGlass",
    "BreakGlassService",
    "Change",
    "ChangeComment",
    "ChangeTarget",
    "ChangeTemplate",
    "ChangeWatch",
    "Deployment",
    "DeploymentEvent",
    "Meeting",
    "MeetingDecision",
    "MeetingPresence",
    "SavedFilter",
    "SearchDocument",
    "TemplateTarget",
]

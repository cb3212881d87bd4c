"""The steps of an incident: one small endpoint each. Parse, make one call, show the incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.response import IF_MATCH, answer
from incidents.api.response_bodies import (
    IncidentAcknowledgeBody,
    IncidentAssessBody,
    IncidentAssignBody,
    IncidentMergeBody,
    IncidentNeededReasonBody,
    IncidentNoteBody,
    IncidentOut,
    IncidentReasonBody,
    IncidentReportBody,
    IncidentSeverityBody,
    IncidentTextBody,
    IncidentUpdateBody,
)
from incidents.selectors.incident_list import incident_by_key
from incidents.services.response.editing import incident_open_up, incident_restrict
from incidents.services.response.merging import incident_merge
from incidents.services.response.moving import (
    incident_acknowledge,
    incident_mitigate,
    incident_reopen,
    incident_resolve,
)
from incidents.services.response.severity import incident_change_severity
from incidents.services.response.working import (
    incident_assess,
    incident_assign,
    incident_escalate,
    incident_note,
    incident_report,
    incident_update,
)
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound


class IncidentVerb(ApiView):
    """One step of an incident. `locks`: it takes the version that was read."""

    area = "incidents"
    body: ClassVar[type[Body]]
    service: ClassVar[Callable[..., object]]
    locks: ClassVar[bool]

    def post(self, request: Request, key: str) -> Response:
        """Take the step and show the incident."""
        Query(request, paged=False)
        body = read_body(request, self.body)
        now = edge_now()
        incident = incident_by_key(self.actor, key, now)
        given: dict[str, Any] = dict(body)
        if self.locks:
            given["version"] = expected_version(request, body)
        if "into" in given:
            given["into"] = self._number(given["into"])
        self.service(actor=self.actor, now=now, pk=incident.pk, **given)
        return answer(self.actor, key)

    def _number(self, key: str) -> int:
        try:
            return incident_by_key(self.actor, key, edge_now()).pk
        except NotFound:
            raise InvalidInput.of("into", "unknown", "There is no such incident.") from None


def _verb(
    verb: str, words: str, service: Callable[..., object], body: type[Body], *, locks: bool = True
) -> type[IncidentVerb]:
    parts = {"body": body, "service": staticmethod(service), "locks": locks, "__doc__": words}
    view = type(f"Incident{verb.title().replace('-', '')}", (IncidentVerb,), parts)
    schema = extend_schema(
        operation_id=f"incidents_{verb.replace('-', '_')}",
        description=words,
        parameters=[IF_MATCH] if locks else [],
        request=body,
        responses=IncidentOut,
    )
    documented: type[IncidentVerb] = extend_schema_view(post=schema)(view)
    return documented


VERBS: dict[str, type[IncidentVerb]] = {
    "acknowledge": _verb(
        "acknowledge", "Say that somebody is at it. One wins.", incident_acknowledge, IncidentAcknowledgeBody
    ),
    "escalate": _verb(
        "escalate",
        "Ask for more help: the next step of the escalation.",
        incident_escalate,
        IncidentReasonBody,
    ),
    "assign": _verb("assign", "Give it to somebody.", incident_assign, IncidentAssignBody),
    "assess": _verb(
        "assess", "Say how grave it is and whom it touches.", incident_assess, IncidentAssessBody
    ),
    "severity": _verb("severity", "Change the severity.", incident_change_severity, IncidentSeverityBody),
    "update": _verb(
        "update",
        "Say how it stands, to whom it may concern.",
        incident_update,
        IncidentUpdateBody,
        locks=False,
    ),
    "note": _verb("note", "Write a note on the timeline.", incident_note, IncidentNoteBody, locks=False),
    "mitigate": _verb("mitigate", "Say that the harm has stopped.", incident_mitigate, IncidentTextBody),
    "resolve": _verb("resolve", "Say that it is over.", incident_resolve, IncidentTextBody),
    "reopen": _verb("reopen", "Open it again.", incident_reopen, IncidentNeededReasonBody),
    "merge": _verb("merge", "Merge it into another one.", incident_merge, IncidentMergeBody),
    "report": _verb("report", "Write the report.", incident_report, IncidentReportBody, locks=False),
    "restrict": _verb("restrict", "Hide it from outsiders.", incident_restrict, IncidentNeededReasonBody),
    "open-up": _verb("open-up", "Show it to everybody.", incident_open_up, IncidentNeededReasonBody),
}

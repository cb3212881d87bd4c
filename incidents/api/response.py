"""The API of incidents: lists, one incident, and what belongs to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.response_bodies import (
    IncidentBody,
    IncidentEntryBody,
    IncidentEntryOut,
    IncidentEntryPage,
    IncidentLinkBody,
    IncidentLinkOut,
    IncidentLinkPage,
    IncidentOut,
    IncidentPage,
    IncidentPatch,
    IncidentRoleBody,
    IncidentRoleOut,
    IncidentRolePage,
    IncidentTaskBody,
    IncidentTaskOut,
    IncidentTaskPage,
    IncidentTaskPatch,
    incident_out,
    lines_out,
    link_out,
    role_out,
    task_out,
)
from incidents.models import Incident
from incidents.selectors.incident_list import ORDERINGS, IncidentFilter, incident_by_key, incident_list
from incidents.selectors.response import timeline_of
from incidents.services.response.declaring import incident_declare
from incidents.services.response.editing import incident_edit, incident_link, incident_unlink
from incidents.services.response.people import incident_role_end, incident_role_fill
from incidents.services.response.tasks import incident_task_add, incident_task_change
from incidents.services.response.working import incident_entry_edit
from incidents.severities import SEVERITIES, severity_named
from incidents.states import INCIDENT, OPEN
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.catalog.selectors import services_named
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read: `"3"`.'
)
FILTERS = [
    OpenApiParameter("state", str, enum=[*INCIDENT.states, "open"], many=True, description="Repeatable."),
    OpenApiParameter("severity", str, enum=list(SEVERITIES), many=True, description="May be repeated."),
    OpenApiParameter("service", str, description="Slug of a service that is affected directly."),
    OpenApiParameter("assignee", str, description="Id of a person, or `me`."),
    OpenApiParameter("detected_by", str, enum=Incident.DetectedBy.values),
    OpenApiParameter("search", str, description="A part of the title, or a key."),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]
NAMES = frozenset({"state", "severity", "service", "assignee", "detected_by", "search"})


def answer(actor: Actor, key: str, *, status: int = 200) -> Response:
    """Return the answer that shows one incident as it stands."""
    shown = incident_by_key(actor, key, edge_now())
    return Response(incident_out(shown), status=status, headers={"ETag": f'"{shown.version}"'})


class IncidentList(ApiView):
    """Incidents."""

    area = "incidents"

    @extend_schema(operation_id="incidents_list", parameters=FILTERS, responses=IncidentPage)
    def get(self, request: Request) -> Response:
        """List the incidents that the caller may see, the latest first."""
        query = Query(request, NAMES, repeated={"state", "severity"})
        wanted = IncidentFilter(
            states=states_asked(query.texts("state")),
            severities=severities_asked(query.texts("severity")),
            service=_service(query.text("service")),
            assignee=_assignee(query.text("assignee"), self.actor),
            detected_by=query.choice("detected_by", Incident.DetectedBy.values),
            text=query.text("search"),
        )
        rows = incident_list(self.actor, wanted, edge_now())
        return self.page(rows, incident_out, ordering=ORDERINGS, default="-declared_at")

    @extend_schema(operation_id="incidents_create", request=IncidentBody, responses={201: IncidentOut})
    def post(self, request: Request) -> Response:
        """Declare an incident; with a `group_key` that is open already, the answer is the one joined."""
        Query(request, paged=False)
        incident = incident_declare(actor=self.actor, now=edge_now(), **read_body(request, IncidentBody))
        response = answer(self.actor, incident.key, status=201)
        response["Location"] = f"/api/v1/incidents/{incident.key}/"
        return response


class IncidentDetail(ApiView):
    """One incident."""

    area = "incidents"

    @extend_schema(operation_id="incidents_retrieve", responses=IncidentOut)
    def get(self, request: Request, key: str) -> Response:
        """Show one incident."""
        Query(request, paged=False)
        return answer(self.actor, key)

    @extend_schema(
        operation_id="incidents_edit", parameters=[IF_MATCH], request=IncidentPatch, responses=IncidentOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change what an incident says of itself. Its state moves by the verbs."""
        Query(request, paged=False)
        body = read_body(request, IncidentPatch, partial=True)
        version = expected_version(request, body)
        body.pop("version", None)
        now = edge_now()
        pk = incident_by_key(self.actor, key, now).pk
        incident_edit(actor=self.actor, now=now, pk=pk, fields=body, version=version)
        return answer(self.actor, key)


class IncidentTimeline(ApiView):
    """What happened in an incident."""

    area = "incidents"

    @extend_schema(operation_id="incidents_timeline", responses=IncidentEntryPage)
    def get(self, request: Request, key: str) -> Response:
        """Show the timeline in the order in which things happened; edits with what stood there before."""
        Query(request, paged=False)
        return whole(lines_out(timeline_of(incident_by_key(self.actor, key, edge_now()))))


class IncidentEntryDetail(ApiView):
    """One line of a timeline."""

    area = "incidents"

    @extend_schema(
        operation_id="incidents_timeline_edit", request=IncidentEntryBody, responses=IncidentEntryOut
    )
    def patch(self, request: Request, key: str, entry: str) -> Response:
        """Write a line anew; what it said stays to be read."""
        Query(request, paged=False)
        body = read_body(request, IncidentEntryBody)
        now = edge_now()
        incident = incident_by_key(self.actor, key, now)
        line = incident_entry_edit(
            actor=self.actor, now=now, pk=incident.pk, entry=int(entry), text=body["text"]
        )
        (shown,) = lines_out([one for one in timeline_of(incident) if one.entry.pk == line.pk])
        return Response(shown)


class IncidentTasks(ApiView):
    """What is to be done in an incident."""

    area = "incidents"

    @extend_schema(operation_id="incidents_tasks", responses=IncidentTaskPage)
    def get(self, request: Request, key: str) -> Response:
        """List the tasks, in the order in which they were added."""
        Query(request, paged=False)
        rows = incident_by_key(self.actor, key, edge_now()).tasks.select_related("owner").order_by("pk")
        return whole([task_out(row) for row in rows])

    @extend_schema(
        operation_id="incidents_tasks_add", request=IncidentTaskBody, responses={201: IncidentTaskOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Add a task."""
        Query(request, paged=False)
        body = read_body(request, IncidentTaskBody)
        now = edge_now()
        pk = incident_by_key(self.actor, key, now).pk
        return Response(task_out(incident_task_add(actor=self.actor, now=now, pk=pk, **body)), status=201)


class IncidentTaskDetail(ApiView):
    """One task."""

    area = "incidents"

    @extend_schema(
        operation_id="incidents_tasks_change",
        parameters=[IF_MATCH],
        request=IncidentTaskPatch,
        responses=IncidentTaskOut,
    )
    def patch(self, request: Request, key: str, task: str) -> Response:
        """Change a task; `verb` finishes, drops or reopens it."""
        Query(request, paged=False)
        body = read_body(request, IncidentTaskPatch, partial=True)
        version = expected_version(request, body)
        now = edge_now()
        pk = incident_by_key(self.actor, key, now).pk
        given = {**body, "version": version}
        row = incident_task_change(actor=self.actor, now=now, pk=pk, task=int(task), **given)
        return Response(task_out(row))


class IncidentRoles(ApiView):
    """Who does what in an incident."""

    area = "incidents"

    @extend_schema(operation_id="incidents_roles", responses=IncidentRolePage)
    def get(self, request: Request, key: str) -> Response:
        """List who has and had which role."""
        Query(request, paged=False)
        rows = incident_by_key(self.actor, key, edge_now()).roles.select_related("person").order_by("pk")
        return whole([role_out(row) for row in rows])

    @extend_schema(
        operation_id="incidents_roles_fill", request=IncidentRoleBody, responses={201: IncidentRoleOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Give somebody a role. There is one commander, one deputy and one scribe at a time."""
        Query(request, paged=False)
        body = read_body(request, IncidentRoleBody)
        now = edge_now()
        pk = incident_by_key(self.actor, key, now).pk
        return Response(role_out(incident_role_fill(actor=self.actor, now=now, pk=pk, **body)), status=201)


class IncidentRoleEnd(ApiView):
    """Ending a role."""

    area = "incidents"

    @extend_schema(operation_id="incidents_roles_end", request=None, responses=IncidentRolePage)
    def post(self, request: Request, key: str, role: str) -> Response:
        """End somebody's role, and list the roles."""
        Query(request, paged=False)
        now = edge_now()
        incident = incident_by_key(self.actor, key, now)
        incident_role_end(actor=self.actor, now=now, pk=incident.pk, role=int(role))
        rows = incident.roles.select_related("person").order_by("pk")
        return whole([role_out(row) for row in rows])


class IncidentLinks(ApiView):
    """What has to do with an incident."""

    area = "incidents"

    @extend_schema(operation_id="incidents_links", responses=IncidentLinkPage)
    def get(self, request: Request, key: str) -> Response:
        """List changes, deployments, other incidents and pages that are linked."""
        Query(request, paged=False)
        rows = incident_by_key(self.actor, key, edge_now()).links.order_by("pk")
        return whole([link_out(row) for row in rows])

    @extend_schema(
        operation_id="incidents_links_add", request=IncidentLinkBody, responses={201: IncidentLinkOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Link something."""
        Query(request, paged=False)
        body = read_body(request, IncidentLinkBody)
        now = edge_now()
        pk = incident_by_key(self.actor, key, now).pk
        return Response(link_out(incident_link(actor=self.actor, now=now, pk=pk, **body)), status=201)


class IncidentLinkRemove(ApiView):
    """One link."""

    area = "incidents"

    @extend_schema(operation_id="incidents_links_remove", request=None, responses=IncidentLinkPage)
    def post(self, request: Request, key: str, link: str) -> Response:
        """Remove a link, and list those that stay."""
        Query(request, paged=False)
        now = edge_now()
        incident = incident_by_key(self.actor, key, now)
        incident_unlink(actor=self.actor, now=now, pk=incident.pk, link=int(link))
        return whole([link_out(row) for row in incident.links.order_by("pk")])


def whole(results: list[dict[str, Any]]) -> Response:
    """Return a list that is given out whole."""
    return Response({"next": None, "previous": None, "results": results})


def states_asked(words: list[str]) -> tuple[str, ...]:
    """Return the states that are meant; `open` stands for all in which somebody has work with it."""
    known = (*INCIDENT.states, "open")
    if set(words) - set(known):
        raise InvalidInput.of("state", "unknown", f"Must be one of: {', '.join(known)}.")
    return tuple(dict.fromkeys(one for word in words for one in (OPEN if word == "open" else (word,))))


def severities_asked(words: list[str]) -> tuple[str, ...]:
    """Return the severities that `words` mean: their own, or those of others (P0, critical)."""
    meant = [severity_named(word) for word in words]
    if None in meant:
        raise InvalidInput.of("severity", "unknown", f"Must be one of: {', '.join(SEVERITIES)}.")
    return tuple(dict.fromkeys(one for one in meant if one))


def _service(slug: str) -> str:
    if slug and slug not in services_named([slug]):
        raise InvalidInput.of("service", "unknown", "There is no such service.")
    return slug


def _assignee(text: str, actor: Actor) -> UUID | None:
    if not text:
        return None
    if text == "me" and actor.is_user:
        return UUID(actor.id)
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput.of("assignee", "unknown", "Must be the id of a person, or `me`.") from None

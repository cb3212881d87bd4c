"""The API of escalation policies, and of what an incident's escalation does."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.escalation_bodies import (
    IncidentEscalationOut,
    PolicyBody,
    PolicyOut,
    PolicyPage,
    PolicyPatch,
    PolicyStepBody,
    PreviewOut,
    ServicePolicyBody,
    escalation_out,
    policy_out,
    preview_out,
)
from incidents.models import EscalationPolicy
from incidents.selectors.escalation import escalation_of, policies, policy_by_slug
from incidents.selectors.escalation_preview import preview_of
from incidents.selectors.response import incident_seen
from incidents.services.escalation import waiting_for
from incidents.services.escalation.policies import (
    escalation_policy_create,
    escalation_policy_edit,
    escalation_policy_reinstate,
    escalation_policy_retire,
    service_policy_set,
)
from incidents.states import POLICY
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read: `"3"`.'
)
ORDERINGS = {
    "name": ("name", "id"),
    "-updated_at": ("-updated_at", "-id"),
    "updated_at": ("updated_at", "id"),
}
FILTERS = [
    OpenApiParameter("state", str, enum=list(POLICY.states)),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]


def _answer(slug: str, *, status: int = 200) -> Response:
    policy = policy_by_slug(slug)
    return Response(policy_out(policy), status=status, headers={"ETag": f'"{policy.version}"'})


class PolicyList(ApiView):
    """Escalation policies."""

    area = "oncall"

    @extend_schema(operation_id="escalation_policies_list", parameters=FILTERS, responses=PolicyPage)
    def get(self, request: Request) -> Response:
        """List escalation policies by name."""
        query = Query(request, {"state"})
        rows = policies().prefetch_related("services__service")
        if state := query.choice("state", POLICY.states):
            rows = rows.filter(state=state)
        return self.page(rows, policy_out, ordering=ORDERINGS, default="name")

    @extend_schema(operation_id="escalation_policies_create", request=PolicyBody, responses={201: PolicyOut})
    def post(self, request: Request) -> Response:
        """Write an escalation policy. Incidents that open from then on may run under it."""
        Query(request, paged=False)
        made = escalation_policy_create(actor=self.actor, now=edge_now(), **read_body(request, PolicyBody))
        response = _answer(made.slug, status=201)
        response["Location"] = f"/api/v1/oncall/escalation-policies/{made.slug}/"
        return response


class PolicyDetail(ApiView):
    """One escalation policy."""

    area = "oncall"

    @extend_schema(operation_id="escalation_policies_retrieve", responses=PolicyOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show an escalation policy."""
        Query(request, paged=False)
        return _answer(slug)

    @extend_schema(
        operation_id="escalation_policies_edit",
        parameters=[IF_MATCH],
        request=PolicyPatch,
        responses=PolicyOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a policy. Incidents that are open go on under what they copied."""
        Query(request, paged=False)
        body = read_body(request, PolicyPatch, partial=True)
        version = expected_version(request, body)
        escalation_policy_edit(actor=self.actor, now=edge_now(), slug=slug, fields=body, version=version)
        return _answer(slug)


class _Step(ApiView):
    """One step of a policy's life. `move` is the service that takes it."""

    area = "oncall"
    move: ClassVar[Callable[..., EscalationPolicy]]

    def take(self, request: Request, slug: str) -> Response:
        Query(request, paged=False)
        body = read_body(request, PolicyStepBody)
        version = expected_version(request, body)
        self.move(actor=self.actor, now=edge_now(), slug=slug, version=version)
        return _answer(slug)


class PolicyRetire(_Step):
    move = staticmethod(escalation_policy_retire)

    @extend_schema(
        operation_id="escalation_policies_retire",
        parameters=[IF_MATCH],
        request=PolicyStepBody,
        responses=PolicyOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Take a policy out of use: new incidents run under the standard's matrix instead."""
        return self.take(request, slug)


class PolicyReinstate(_Step):
    move = staticmethod(escalation_policy_reinstate)

    @extend_schema(
        operation_id="escalation_policies_reinstate",
        parameters=[IF_MATCH],
        request=PolicyStepBody,
        responses=PolicyOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Put a retired policy in use again."""
        return self.take(request, slug)


class PolicyPreview(ApiView):
    """Who would be told."""

    area = "oncall"

    @extend_schema(
        operation_id="escalation_policies_preview",
        parameters=[
            OpenApiParameter(
                "at", str, description="When the incident would open; now unless said otherwise."
            ),
            OpenApiParameter("service", str, description="The service that it would touch (a slug)."),
        ],
        responses=PreviewOut,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Say who would be told now and at each step, by the roster of each step's own time."""
        query = Query(request, {"at", "service"}, paged=False)
        at = query.moment("at") or edge_now()
        steps = preview_of(policy_by_slug(slug).read_plan, now=at, service=query.text("service") or "")
        return Response({"at": utc(at), "steps": preview_out(steps)})


class ServicePolicies(ApiView):
    """The policies of services."""

    area = "oncall"

    @extend_schema(
        operation_id="escalation_policies_assign", request=ServicePolicyBody, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Give a service the policy of its incidents, or take it away."""
        Query(request, paged=False)
        body = read_body(request, ServicePolicyBody)
        service_policy_set(
            actor=self.actor, now=edge_now(), service=body["service"], policy=body.get("policy", "")
        )
        return Response(status=204)


class IncidentEscalation(ApiView):
    """The escalation of an incident."""

    area = "incidents"

    @extend_schema(operation_id="incidents_escalation", responses=IncidentEscalationOut)
    def get(self, request: Request, key: str) -> Response:
        """Say whom silence on an incident has told, when and why, and who is next."""
        Query(request, paged=False)
        incident = incident_seen(self.actor, number_of(key, "INC") or 0, edge_now())
        escalation = escalation_of(incident)
        if escalation is None:
            raise NotFound("This incident has no escalation.")
        return Response(escalation_out(escalation, waiting_for(escalation)))

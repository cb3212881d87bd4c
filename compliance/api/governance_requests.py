"""The API of requests of persons. How to reach somebody is taken in, and never given out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import (
    KEY,
    PERSON,
    PROSE,
    SHORT,
    GovernanceStepBody,
    choices,
    number,
    ordering,
    page_of,
)
from compliance.governing.kinds import REQUESTS
from compliance.governing.states import PERSON_REQUEST
from compliance.models import PersonRequest
from compliance.models.governance.requests import PERSON_REQUEST_PREFIX
from compliance.selectors.requests import REQUEST_ORDERINGS, request_seen
from compliance.services.governance.requests import VERBS, person_request_move, person_request_receive
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now

KINDS = list(REQUESTS.items())
SHOWN_TO_ALL = frozenset(
    ("key", "kind", "state", "received_at", "due_at", "ended_at", "updated_at", "version")
)


class PersonRequestBody(Body):
    """What somebody asks."""

    kind = choices(REQUESTS)
    reference = Text(max_length=100, blank=False, help_text="Opaque: a customer number, a ticket.")
    contact = Text(max_length=SHORT, required=False, help_text="Forgotten 30 days after the end.")
    member = Text(
        max_length=PERSON, required=False, help_text="Id or e-mail address of a member of the portal."
    )
    systems = Text(max_length=500, required=False)
    received_at = Moment(required=False)
    handler = Text(
        max_length=PERSON, required=False, help_text="Id or e-mail address of a person; missing: yourself."
    )


class PersonRequestOut(Body):
    """A request of a person. Whom it is about is null but for who handles it, took it in, or administers."""

    key = Text(max_length=KEY)
    kind = choices(REQUESTS)
    reference = Text(max_length=100, allow_null=True)
    member = Text(max_length=64, allow_null=True)
    systems = Text(max_length=500, allow_null=True)
    state = choices(dict(PERSON_REQUEST.names))
    handler = Text(max_length=64, allow_null=True)
    received_at = Moment()
    due_at = Moment()
    extended_because = Text(max_length=PROSE, allow_null=True)
    identified_at = Moment(allow_null=True)
    erased_at = Moment(allow_null=True)
    outcome = Text(max_length=PROSE, allow_null=True)
    ended_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


PersonRequestPage = page_of(PersonRequestOut)


def request_out(row: PersonRequest, actor: Actor) -> dict[str, Any]:
    """Return what the API says of a request to `actor`."""
    document = _whole(row)
    if may(actor, "person_request.see", row):
        return document
    return {name: value if name in SHOWN_TO_ALL else None for name, value in document.items()}


def _whole(row: PersonRequest) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "reference": row.reference,
        "member": str(row.member_id) if row.member_id else None,
        "systems": row.systems,
        "state": row.state,
        "handler": str(row.handler_id),
        "received_at": utc(row.received_at),
        "due_at": utc(row.due_at),
        "extended_because": row.extended_because,
        "identified_at": utc(row.identified_at),
        "erased_at": utc(row.erased_at),
        "outcome": row.outcome,
        "ended_at": utc(row.ended_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def _answer(pk: int, actor: Actor, *, status: int = 200) -> Response:
    row = request_seen(pk)
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/person-requests/{row.key}/"
    return Response(request_out(row, actor), status=status, headers=headers)


class PersonRequestList(ApiView):
    """Requests of persons."""

    area = "compliance"

    @extend_schema(
        operation_id="person_requests_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(PERSON_REQUEST.states)),
            OpenApiParameter("kind", str, enum=list(REQUESTS)),
            ordering(REQUEST_ORDERINGS),
            *PAGING,
        ],
        responses=PersonRequestPage,
    )
    def get(self, request: Request) -> Response:
        """List requests of persons, the longest due first."""
        query = Query(request, {"state", "kind"})
        rows = PersonRequest.objects.all()
        if state := query.choice("state", PERSON_REQUEST.states):
            rows = rows.filter(state=state)
        if kind := query.choice("kind", tuple(REQUESTS)):
            rows = rows.filter(kind=kind)
        return self.page(
            rows, lambda row: request_out(row, self.actor), ordering=REQUEST_ORDERINGS, default="due_at"
        )

    @extend_schema(
        operation_id="person_requests_receive", request=PersonRequestBody, responses={201: PersonRequestOut}
    )
    def post(self, request: Request) -> Response:
        """Take in what somebody asks, due within the standard's time or a month."""
        Query(request, paged=False)
        body = read_body(request, PersonRequestBody)
        made = person_request_receive(actor=self.actor, now=edge_now(), fields=body)
        return _answer(made.pk, self.actor, status=201)


class PersonRequestDetail(ApiView):
    """One request."""

    area = "compliance"

    @extend_schema(operation_id="person_requests_retrieve", responses=PersonRequestOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a request."""
        Query(request, paged=False)
        return _answer(number(key, PERSON_REQUEST_PREFIX), self.actor)


class PersonRequestStep(ApiView):
    """A step of a request."""

    area = "compliance"

    @extend_schema(
        operation_id="person_requests_step",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERBS))],
        request=GovernanceStepBody,
        responses=PersonRequestOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Check who asks, extend the time, erase a member, answer, refuse or withdraw."""
        Query(request, paged=False)
        pk = number(key, PERSON_REQUEST_PREFIX)
        body = read_body(request, GovernanceStepBody)
        version = expected_version(request, body)
        person_request_move(actor=self.actor, now=edge_now(), pk=pk, verb=verb, version=version, **body)
        return _answer(pk, self.actor)

"""The API of what audits want of people: evidence requests, and corrective actions."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.audits import IF_MATCH, OVERDUE, OWNER, PAGING, SINCE, narrowed
from compliance.api.audits_owed_bodies import (
    CorrectiveActionBody,
    CorrectiveActionOut,
    CorrectiveActionPage,
    CorrectiveActionStepBody,
    EvidenceAnswerBody,
    EvidenceRequestBody,
    EvidenceRequestOut,
    EvidenceRequestPage,
    EvidenceStepBody,
    action_out,
    request_out,
)
from compliance.auditing.states import ACTION, REQUEST
from compliance.auditing.tables import REQUEST_KINDS
from compliance.models import CorrectiveAction, EvidenceRequest
from compliance.models.audits.findings import ACTION_PREFIX, FINDING_PREFIX, REQUEST_PREFIX
from compliance.models.audits.plan import AUDIT_PREFIX
from compliance.selectors.audits.seen import (
    action_seen,
    actions_seen,
    audits_seen,
    findings_seen,
    request_seen,
    requests_seen,
)
from compliance.services.audits.actions import MOVES as ACTION_MOVES
from compliance.services.audits.actions import action_move, action_open
from compliance.services.audits.requests import MOVES as REQUEST_MOVES
from compliance.services.audits.requests import request_answer, request_move, request_open
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.keys import number_of

REQUEST_VERBS, ACTION_VERBS = REQUEST_MOVES, ACTION_MOVES
REQUEST_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-asked_at": ("-id",),
    "asked_at": ("id",),
    "due_at": ("due_at", "id"),
    "updated_at": ("updated_at", "id"),
}
ACTION_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-opened_at": ("-id",),
    "opened_at": ("id",),
    "due_at": ("due_at", "id"),
    "updated_at": ("updated_at", "id"),
}
_AUDIT = OpenApiParameter("audit", str, description="The key of an audit.")


def _number(key: str, prefix: str) -> int:
    number = number_of(key, prefix)
    if number is None:
        raise NotFound("There is nothing of this key.")
    return number


def _wanted(key: str, prefix: str, field: str) -> int:
    number = number_of(key, prefix)
    if number is None:
        raise InvalidInput.of(field, "not_a_key", f"Must be a key, e.g. {prefix}-3.")
    return number


def _request_response(row: EvidenceRequest, *, status: int = 200) -> Response:
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/evidence-requests/{row.key}/"
    return Response(request_out(row), status=status, headers=headers)


def _action_response(row: CorrectiveAction, *, status: int = 200) -> Response:
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/corrective-actions/{row.key}/"
    return Response(action_out(row), status=status, headers=headers)


class EvidenceRequestList(ApiView):
    """Evidence requests."""

    area = "compliance"

    @extend_schema(
        operation_id="evidence_requests_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(REQUEST.states)),
            OpenApiParameter("kind", str, enum=list(REQUEST_KINDS)),
            _AUDIT,
            OWNER,
            OVERDUE,
            SINCE,
            OpenApiParameter("ordering", str, enum=sorted(REQUEST_ORDERINGS)),
            *PAGING,
        ],
        responses=EvidenceRequestPage,
    )
    def get(self, request: Request) -> Response:
        """List evidence requests, newest first: one's own, those of one's audits, or all for auditors."""
        query = Query(request, {"state", "kind", "audit", "owner", "overdue", "updated_since"})
        rows = narrowed(requests_seen(self.actor), query, person="owner", unsettled=("open",))
        if state := query.choice("state", REQUEST.states):
            rows = rows.filter(state=state)
        if kind := query.choice("kind", tuple(REQUEST_KINDS)):
            rows = rows.filter(kind=kind)
        if audit := query.text("audit"):
            rows = rows.filter(audit=_wanted(audit, AUDIT_PREFIX, "audit"))
        return self.page(rows, request_out, ordering=REQUEST_ORDERINGS, default="-asked_at")

    @extend_schema(
        operation_id="evidence_requests_open",
        request=EvidenceRequestBody,
        responses={201: EvidenceRequestOut},
    )
    def post(self, request: Request) -> Response:
        """Ask somebody for evidence, in an audit in fieldwork on whose team one works."""
        Query(request, paged=False)
        fields = read_body(request, EvidenceRequestBody)
        number = _wanted(fields.pop("audit"), AUDIT_PREFIX, "audit")
        if not audits_seen(self.actor).filter(pk=number).exists():
            raise InvalidInput.of("audit", "unknown", "There is no such audit.")
        made = request_open(actor=self.actor, now=edge_now(), audit=number, fields=fields)
        return _request_response(made, status=201)


class EvidenceRequestDetail(ApiView):
    """One evidence request."""

    area = "compliance"

    @extend_schema(operation_id="evidence_requests_retrieve", responses=EvidenceRequestOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an evidence request and its answer."""
        Query(request, paged=False)
        return _request_response(request_seen(self.actor, _number(key, REQUEST_PREFIX)))


class EvidenceRequestAnswer(ApiView):
    """Answers to evidence requests."""

    area = "compliance"

    @extend_schema(
        operation_id="evidence_requests_answer",
        parameters=[IF_MATCH],
        request=EvidenceAnswerBody,
        responses=EvidenceRequestOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Hand in the answer, as the person who is asked."""
        Query(request, paged=False)
        body = read_body(request, EvidenceAnswerBody)
        row = request_answer(
            actor=self.actor,
            now=edge_now(),
            pk=_number(key, REQUEST_PREFIX),
            answer=body["answer"],
            links=body.get("links", []),
            version=expected_version(request, body),
        )
        return _request_response(row)


class EvidenceRequestStep(ApiView):
    """Steps of evidence requests."""

    area = "compliance"

    @extend_schema(
        operation_id="evidence_requests_step",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(REQUEST_VERBS)),
        ],
        request=EvidenceStepBody,
        responses=EvidenceRequestOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Accept the answer, send it back with a remark, or cancel the request: the audit's team."""
        Query(request, paged=False)
        body = read_body(request, EvidenceStepBody)
        row = request_move(
            actor=self.actor,
            now=edge_now(),
            pk=_number(key, REQUEST_PREFIX),
            verb=verb,
            remark=body.get("remark", ""),
            due_at=body.get("due_at"),
            version=expected_version(request, body),
        )
        return _request_response(row)


class CorrectiveActionList(ApiView):
    """Corrective actions."""

    area = "compliance"

    @extend_schema(
        operation_id="corrective_actions_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(ACTION.states)),
            _AUDIT,
            OpenApiParameter("finding", str, description="The key of a finding."),
            OWNER,
            OVERDUE,
            SINCE,
            OpenApiParameter("ordering", str, enum=sorted(ACTION_ORDERINGS)),
            *PAGING,
        ],
        responses=CorrectiveActionPage,
    )
    def get(self, request: Request) -> Response:
        """List corrective actions, newest first: one's own, those of one's audits, or all for auditors."""
        query = Query(request, {"state", "audit", "finding", "owner", "overdue", "updated_since"})
        rows = narrowed(actions_seen(self.actor), query, person="owner", unsettled=("open",))
        if state := query.choice("state", ACTION.states):
            rows = rows.filter(state=state)
        if audit := query.text("audit"):
            rows = rows.filter(finding__audit=_wanted(audit, AUDIT_PREFIX, "audit"))
        if finding := query.text("finding"):
            rows = rows.filter(finding=_wanted(finding, FINDING_PREFIX, "finding"))
        return self.page(rows, action_out, ordering=ACTION_ORDERINGS, default="-opened_at")

    @extend_schema(
        operation_id="corrective_actions_open",
        request=CorrectiveActionBody,
        responses={201: CorrectiveActionOut},
    )
    def post(self, request: Request) -> Response:
        """Say what is done about an accepted finding, as its owner or a member of the audit's team."""
        Query(request, paged=False)
        fields = read_body(request, CorrectiveActionBody)
        number = _wanted(fields.pop("finding"), FINDING_PREFIX, "finding")
        if not findings_seen(self.actor).filter(pk=number).exists():
            raise InvalidInput.of("finding", "unknown", "There is no such finding.")
        made = action_open(actor=self.actor, now=edge_now(), finding=number, fields=fields)
        return _action_response(made, status=201)


class CorrectiveActionDetail(ApiView):
    """One corrective action."""

    area = "compliance"

    @extend_schema(operation_id="corrective_actions_retrieve", responses=CorrectiveActionOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a corrective action."""
        Query(request, paged=False)
        return _action_response(action_seen(self.actor, _number(key, ACTION_PREFIX)))


class CorrectiveActionStep(ApiView):
    """Steps of corrective actions."""

    area = "compliance"

    @extend_schema(
        operation_id="corrective_actions_step",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(ACTION_VERBS)),
        ],
        request=CorrectiveActionStepBody,
        responses=CorrectiveActionOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Report it as done or drop it (its owner); verify it after a re-test or send it back (the team)."""
        Query(request, paged=False)
        body = read_body(request, CorrectiveActionStepBody)
        row = action_move(
            actor=self.actor,
            now=edge_now(),
            pk=_number(key, ACTION_PREFIX),
            verb=verb,
            text=body["text"],
            version=expected_version(request, body),
        )
        return _action_response(row)

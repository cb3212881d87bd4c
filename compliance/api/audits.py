"""The API of audits and findings. Fieldwork, working notes and samples stay in the back office."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.audits_bodies import (
    AuditBody,
    AuditDetailOut,
    AuditPage,
    AuditPatch,
    AuditStepBody,
    FindingBody,
    FindingOut,
    FindingPage,
    FindingStepBody,
    audit_detail_out,
    audit_out,
    finding_out,
)
from compliance.auditing.states import AUDIT, FINDING, OPEN_FINDINGS, UNDER_WAY
from compliance.auditing.tables import SEVERITIES
from compliance.models.audits.findings import FINDING_PREFIX
from compliance.models.audits.plan import AUDIT_PREFIX
from compliance.selectors.audits.seen import audit_seen, audits_seen, finding_seen, findings_seen
from compliance.services.audits.findings import MOVES as FINDING_MOVES
from compliance.services.audits.findings import finding_move, finding_raise
from compliance.services.audits.planning import MOVES as AUDIT_MOVES
from compliance.services.audits.planning import audit_edit, audit_move, audit_plan
from compliance.services.audits.reports import report_issue
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.obligations.terms import joined

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read, `"3"`.'
)
PAGING = (
    OpenApiParameter("page_size", int, description="1 to 200."),
    OpenApiParameter("cursor", str, description="From `next` or `previous`."),
)
AUDIT_VERBS = (*AUDIT_MOVES, "issue")
FINDING_VERBS = FINDING_MOVES
OWNER = OpenApiParameter("owner", str, description="The id of a person.")
OVERDUE = OpenApiParameter("overdue", bool, description="Only what is open after its time.")
AUDIT_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-created_at": ("-id",),
    "created_at": ("id",),
    "due_at": ("due_at", "id"),
    "updated_at": ("updated_at", "id"),
}
FINDING_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-raised_at": ("-id",),
    "raised_at": ("id",),
    "updated_at": ("updated_at", "id"),
}


def _number(key: str, prefix: str) -> int:
    number = number_of(key, prefix)
    if number is None:
        raise NotFound("There is nothing of this key.")
    return number


def _audit(actor: Actor, pk: int, *, status: int = 200) -> Response:
    row = audit_seen(actor, pk)
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/audits/{row.key}/"
    return Response(audit_detail_out(row), status=status, headers=headers)


def _finding(actor: Actor, pk: int) -> Response:
    row = finding_seen(actor, pk)
    return Response(finding_out(row), headers={"ETag": f'"{row.version}"'})


def narrowed(rows: QuerySet[Any], query: Query, *, person: str, unsettled: Collection[str]) -> QuerySet[Any]:
    """Return `rows` narrowed by what all these lists know: whose (`person`), overdue.

    What is in one of the states `unsettled` after its time is overdue. Raises `InvalidInput`.
    """
    if whose := query.text(person):
        try:
            rows = rows.filter(**{f"{person}_id": UUID(whose)})
        except ValueError:
            raise InvalidInput.of(person, "not_an_id", "Must be the id of a person.") from None
    if query.flag("overdue"):
        rows = rows.filter(state__in=unsettled, due_at__lt=edge_now())
    return rows


class AuditList(ApiView):
    """Audits."""

    area = "compliance"

    @extend_schema(
        operation_id="audits_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(AUDIT.states)),
            OpenApiParameter("kind", str, description="Only audits of this kind."),
            OpenApiParameter("framework", str, description="Only audits of this framework."),
            OpenApiParameter("service", str, description="Only audits that name this service."),
            OpenApiParameter("lead", str, description="The id of the lead auditor."),
            OpenApiParameter("overdue", bool, description="Only audits whose report is late."),
            OpenApiParameter("ordering", str, enum=sorted(AUDIT_ORDERINGS)),
            *PAGING,
        ],
        responses=AuditPage,
    )
    def get(self, request: Request) -> Response:
        """List audits, newest first."""
        known = {"state", "kind", "framework", "service", "lead", "overdue"}
        query = Query(request, known)
        rows = audits_seen(self.actor)
        if state := query.choice("state", AUDIT.states):
            rows = rows.filter(state=state)
        for name in ("kind", "framework"):
            if wanted := query.text(name):
                rows = rows.filter(**{name: wanted})
        if service := query.text("service"):
            rows = rows.filter(services__contains=joined([service]))
        rows = narrowed(rows, query, person="lead", unsettled=UNDER_WAY)
        return self.page(rows, audit_out, ordering=AUDIT_ORDERINGS, default="-created_at")

    @extend_schema(operation_id="audits_plan", request=AuditBody, responses={201: AuditDetailOut})
    def post(self, request: Request) -> Response:
        """Plan an audit. A machine names the lead; a person leads where nobody is named."""
        Query(request, paged=False)
        fields = read_body(request, AuditBody)
        programme = fields.pop("programme", None)
        made = audit_plan(actor=self.actor, now=edge_now(), fields=fields, programme=programme)
        return _audit(self.actor, made.pk, status=201)


class AuditDetail(ApiView):
    """One audit."""

    area = "compliance"

    @extend_schema(operation_id="audits_retrieve", responses=AuditDetailOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an audit and how far its work is."""
        Query(request, paged=False)
        return _audit(self.actor, _number(key, AUDIT_PREFIX))

    @extend_schema(
        operation_id="audits_edit", parameters=[IF_MATCH], request=AuditPatch, responses=AuditDetailOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change an audit; its scope stands once fieldwork began."""
        Query(request, paged=False)
        pk = _number(key, AUDIT_PREFIX)
        body = read_body(request, AuditPatch, partial=True)
        version = expected_version(request, body)
        body.pop("version", None)
        audit_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _audit(self.actor, pk)


class AuditStep(ApiView):
    """Steps of an audit."""

    area = "compliance"

    @extend_schema(
        operation_id="audits_step",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(AUDIT_VERBS)),
        ],
        request=AuditStepBody,
        responses=AuditDetailOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Begin the fieldwork, end it, go back to it, issue the report, close or cancel."""
        Query(request, paged=False)
        pk = _number(key, AUDIT_PREFIX)
        body = read_body(request, AuditStepBody)
        version = expected_version(request, body)
        now, reason = edge_now(), body.get("reason", "")
        if verb == "issue":
            report_issue(actor=self.actor, now=now, pk=pk, version=version)
        else:
            audit_move(actor=self.actor, now=now, pk=pk, verb=verb, reason=reason, version=version)
        return _audit(self.actor, pk)


class FindingList(ApiView):
    """Findings."""

    area = "compliance"

    @extend_schema(
        operation_id="findings_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(FINDING.states)),
            OpenApiParameter("severity", str, enum=list(SEVERITIES)),
            OpenApiParameter("audit", str, description="The key of an audit."),
            OWNER,
            OpenApiParameter("overdue", bool, description="Only findings that are open after they were due."),
            OpenApiParameter("ordering", str, enum=sorted(FINDING_ORDERINGS)),
            *PAGING,
        ],
        responses=FindingPage,
    )
    def get(self, request: Request) -> Response:
        """List findings, newest first. Drafts are seen by the team of their audit alone."""
        query = Query(request, {"state", "severity", "audit", "owner", "overdue"})
        rows = findings_seen(self.actor)
        if state := query.choice("state", FINDING.states):
            rows = rows.filter(state=state)
        if severity := query.choice("severity", tuple(SEVERITIES)):
            rows = rows.filter(severity=severity)
        if audit := query.text("audit"):
            rows = rows.filter(audit=_known_audit(audit))
        rows = narrowed(rows, query, person="owner", unsettled=OPEN_FINDINGS)
        return self.page(rows, finding_out, ordering=FINDING_ORDERINGS, default="-raised_at")

    @extend_schema(operation_id="findings_raise", request=FindingBody, responses={201: FindingOut})
    def post(self, request: Request) -> Response:
        """Draft a finding in an audit in fieldwork or reporting."""
        Query(request, paged=False)
        fields = read_body(request, FindingBody)
        number = _known_audit(fields.pop("audit"))
        if not audits_seen(self.actor).filter(pk=number).exists():
            raise InvalidInput.of("audit", "unknown", "There is no such audit.")
        made = finding_raise(actor=self.actor, now=edge_now(), audit=number, fields=fields)
        # A machine will not see the draft again: it is the team's.
        headers = {"Location": f"/api/v1/findings/{made.key}/", "ETag": f'"{made.version}"'}
        return Response(finding_out(made), status=201, headers=headers)


class FindingDetail(ApiView):
    """One finding."""

    area = "compliance"

    @extend_schema(operation_id="findings_retrieve", responses=FindingOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a finding."""
        Query(request, paged=False)
        return _finding(self.actor, _number(key, FINDING_PREFIX))


class FindingStep(ApiView):
    """Steps of a finding."""

    area = "compliance"

    @extend_schema(
        operation_id="findings_step",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(FINDING_VERBS)),
        ],
        request=FindingStepBody,
        responses=FindingOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Report, accept, dispute, uphold, withdraw, verify, close or reopen it."""
        Query(request, paged=False)
        pk = _number(key, FINDING_PREFIX)
        body = read_body(request, FindingStepBody)
        version = expected_version(request, body)
        text = body.get("text", "")
        moved = finding_move(actor=self.actor, now=edge_now(), pk=pk, verb=verb, text=text, version=version)
        return Response(finding_out(moved), headers={"ETag": f'"{moved.version}"'})


def _known_audit(key: str) -> int:
    number = number_of(key, AUDIT_PREFIX)
    if number is None:
        raise InvalidInput.of("audit", "not_a_key", "Must be the key of an audit, e.g. AUD-3.")
    return number

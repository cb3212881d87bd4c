"""The API of scans and vulnerabilities: what a scanner in CI sends, and what becomes of it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import (
    KEY,
    PROSE,
    SHORT,
    VERSION_HELP,
    choices,
    number,
    ordering,
    page_of,
)
from compliance.governing.findings import FORMATS
from compliance.governing.kinds import SCANS, SEVERITIES
from compliance.governing.states import VULNERABILITY
from compliance.models import Scan, Vulnerability
from compliance.models.governance.scans import SCAN_PREFIX, VULNERABILITY_PREFIX
from compliance.selectors.scans import (
    SCAN_ORDERINGS,
    VULNERABILITY_ORDERINGS,
    scan_seen,
    scans_loaded,
    vulnerabilities_loaded,
    vulnerability_seen,
)
from compliance.services.governance.scans import scan_record
from compliance.services.governance.vulnerabilities import VERBS, vulnerability_move
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

KINDS = list(SCANS.items())


class ScanBody(Body):
    """A scan or a test, with what it found."""

    kind = choices(SCANS)
    service = Text(max_length=60, required=False, help_text="Missing: of the organisation.")
    asset = Text(max_length=60, required=False)
    tool = Text(max_length=120, blank=False)
    scope = Text(max_length=SHORT, required=False)
    whole = Flag(
        required=False,
        help_text="It looked at all of its scope: what it does not name any more is fixed and verified.",
    )
    performed_at = Moment()
    report = Text(max_length=500, required=False, help_text="The address of the full report.")
    summary = Text(max_length=4_000, lines=True, required=False)
    external_id = Text(max_length=100, required=False, help_text="Sent again, it finds the first one.")
    format = serializers.ChoiceField([(form, form) for form in FORMATS], required=False)
    results = serializers.JSONField(
        required=False,
        help_text=(
            "own: a list of {id, component, title, severity, detail}; sarif: a SARIF 2.1.0 log;"
            " cyclonedx: a CycloneDX document with vulnerabilities."
        ),
    )


class ScanOut(Body):
    """A scan or a test."""

    key = Text(max_length=KEY)
    kind = choices(SCANS)
    service = Text(max_length=60, allow_null=True)
    asset = Text(max_length=60)
    tool = Text(max_length=120)
    scope = Text(max_length=SHORT)
    whole = Flag()
    performed_at = Moment()
    report = Text(max_length=500)
    summary = Text(max_length=4_000)
    counts = serializers.DictField(child=WholeNumber(), help_text="How many results of each severity.")
    recorded_at = Moment()


class VulnerabilityOut(Body):
    """A vulnerability."""

    key = Text(max_length=KEY)
    scan = Text(max_length=KEY)
    service = Text(max_length=60, allow_null=True)
    reference = Text(max_length=200)
    component = Text(max_length=SHORT)
    title = Text(max_length=200)
    detail = Text(max_length=4_000)
    severity = choices(SEVERITIES)
    state = choices(dict(VULNERABILITY.names))
    found_at = Moment()
    due_at = Moment()
    outcome = Text(max_length=PROSE)
    ended_at = Moment(allow_null=True)
    verified_by_scan = Text(max_length=KEY, allow_null=True)
    accepted_until = Moment(allow_null=True)
    exception = Text(max_length=KEY)
    updated_at = Moment()
    version = WholeNumber()


class VulnerabilityStepBody(Body):
    """What was done, or why; until when a risk is accepted."""

    text = Text(max_length=PROSE, lines=True, required=False)
    until = Moment(required=False)
    exception = Text(max_length=KEY, required=False, help_text="The key of an exception.")
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


ScanPage = page_of(ScanOut)
VulnerabilityPage = page_of(VulnerabilityOut)


def scan_out(row: Scan) -> dict[str, Any]:
    """Return what the API says of a scan."""
    return {
        "key": row.key,
        "kind": row.kind,
        "service": row.service.slug if row.service else None,
        "asset": row.asset,
        "tool": row.tool,
        "scope": row.scope,
        "whole": row.whole,
        "performed_at": utc(row.performed_at),
        "report": row.report,
        "summary": row.summary,
        "counts": row.counts,
        "recorded_at": utc(row.recorded_at),
    }


def vulnerability_out(row: Vulnerability) -> dict[str, Any]:
    """Return what the API says of a vulnerability."""
    return {
        "key": row.key,
        "scan": f"{SCAN_PREFIX}-{row.scan_id}",
        "service": row.service.slug if row.service else None,
        "reference": row.reference,
        "component": row.component,
        "title": row.title,
        "detail": row.detail,
        "severity": row.severity,
        "state": row.state,
        "found_at": utc(row.found_at),
        "due_at": utc(row.due_at),
        "outcome": row.outcome,
        "ended_at": utc(row.ended_at),
        "verified_by_scan": f"{SCAN_PREFIX}-{row.verified_by_scan_id}" if row.verified_by_scan_id else None,
        "accepted_until": utc(row.accepted_until),
        "exception": row.exception_key,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


class ScanList(ApiView):
    """Scans and tests."""

    area = "compliance"

    @extend_schema(
        operation_id="scans_list",
        parameters=[
            OpenApiParameter("kind", str, enum=list(SCANS)),
            OpenApiParameter("service", str, description="The slug of a service."),
            ordering(SCAN_ORDERINGS),
            *PAGING,
        ],
        responses=ScanPage,
    )
    def get(self, request: Request) -> Response:
        """List scans and tests, newest first."""
        query = Query(request, {"kind", "service"})
        rows = scans_loaded()
        if kind := query.choice("kind", tuple(SCANS)):
            rows = rows.filter(kind=kind)
        if service := query.text("service", max_length=60):
            rows = rows.filter(service__slug=service)
        return self.page(
            rows, scan_out, ordering=SCAN_ORDERINGS, default="-performed_at", changed=("recorded_at",)
        )

    @extend_schema(operation_id="scans_record", request=ScanBody, responses={200: ScanOut, 201: ScanOut})
    def post(self, request: Request) -> Response:
        """Record a scan or a test; what it found opens, reopens or verifies vulnerabilities.

        The same `external_id` and content again is answered 200 with the first one.
        """
        Query(request, paged=False)
        body = read_body(request, ScanBody)
        results, form = body.pop("results", None), body.pop("format", "own")
        row, is_new = scan_record(actor=self.actor, now=edge_now(), fields=body, results=results, form=form)
        headers = {"Location": f"/api/v1/scans/{row.key}/"}
        return Response(scan_out(scan_seen(row.pk)), status=201 if is_new else 200, headers=headers)


class ScanDetail(ApiView):
    """One scan."""

    area = "compliance"

    @extend_schema(operation_id="scans_retrieve", responses=ScanOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a scan or a test."""
        Query(request, paged=False)
        return Response(scan_out(scan_seen(number(key, SCAN_PREFIX))))


class VulnerabilityList(ApiView):
    """Vulnerabilities."""

    area = "compliance"

    @extend_schema(
        operation_id="vulnerabilities_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(VULNERABILITY.states)),
            OpenApiParameter("severity", str, enum=list(SEVERITIES)),
            OpenApiParameter("service", str, description="The slug of a service."),
            ordering(VULNERABILITY_ORDERINGS),
            *PAGING,
        ],
        responses=VulnerabilityPage,
    )
    def get(self, request: Request) -> Response:
        """List vulnerabilities, the longest due first."""
        query = Query(request, {"state", "severity", "service"})
        rows = vulnerabilities_loaded()
        if state := query.choice("state", VULNERABILITY.states):
            rows = rows.filter(state=state)
        if severity := query.choice("severity", tuple(SEVERITIES)):
            rows = rows.filter(severity=severity)
        if service := query.text("service", max_length=60):
            rows = rows.filter(service__slug=service)
        return self.page(rows, vulnerability_out, ordering=VULNERABILITY_ORDERINGS, default="due_at")


class VulnerabilityDetail(ApiView):
    """One vulnerability."""

    area = "compliance"

    @extend_schema(operation_id="vulnerabilities_retrieve", responses=VulnerabilityOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a vulnerability."""
        Query(request, paged=False)
        row = vulnerability_seen(number(key, VULNERABILITY_PREFIX))
        return Response(vulnerability_out(row), headers={"ETag": f'"{row.version}"'})


class VulnerabilityStep(ApiView):
    """A step of a vulnerability."""

    area = "compliance"

    @extend_schema(
        operation_id="vulnerabilities_step",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERBS))],
        request=VulnerabilityStepBody,
        responses=VulnerabilityOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Fix, verify, accept, dismiss or reopen it; somebody else than who fixed it verifies it."""
        Query(request, paged=False)
        pk = number(key, VULNERABILITY_PREFIX)
        body = read_body(request, VulnerabilityStepBody)
        version = expected_version(request, body)
        vulnerability_move(actor=self.actor, now=edge_now(), pk=pk, verb=verb, version=version, **body)
        row = vulnerability_seen(pk)
        return Response(vulnerability_out(row), headers={"ETag": f'"{row.version}"'})

"""The API of the improvement plan, and of how mature operations are judged to be."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import (
    KEY,
    PERSON,
    PROSE,
    VERSION_HELP,
    GovernanceStepBody,
    choices,
    number,
    ordering,
    page_of,
)
from compliance.governing.states import IMPROVEMENT
from compliance.models import ImprovementItem, ImprovementPhase, MaturityAssessment
from compliance.models.governance.improvement import IMPROVEMENT_PREFIX
from compliance.selectors.improvement import IMPROVEMENT_ORDERINGS, improvement_seen, improvements_loaded
from compliance.services.governance.improvement import (
    VERBS,
    improvement_edit,
    improvement_move,
    improvement_open,
    maturity_assess,
    phase_plan,
)
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

PHASE_ORDERINGS: dict[str, tuple[str, ...]] = {"number": ("number",), "-number": ("-number",)}
MATURITY_ORDERINGS: dict[str, tuple[str, ...]] = {"-assessed_at": ("-assessed_at", "-id")}


class ImprovementPhaseBody(Body):
    """A phase of the plan; the one of the same number is brought up to date."""

    number = WholeNumber(min_value=1, max_value=99)
    title = Text(max_length=120, blank=False)
    owner = Text(
        max_length=PERSON,
        required=False,
        allow_null=True,
        help_text="Id or e-mail address of who plans what is done in it, beside the administrators.",
    )
    first_day = Text(max_length=10)
    last_day = Text(max_length=10)


class ImprovementPhaseOut(ImprovementPhaseBody):
    """A phase of the plan."""

    version = WholeNumber()


class ImprovementFields(Body):
    """Something that becomes better."""

    phase = WholeNumber(required=False, min_value=1, max_value=99)
    title = Text(max_length=200, blank=False, required=False)
    detail = Text(max_length=PROSE, lines=True, required=False)
    owner = Text(max_length=PERSON, blank=False, required=False, help_text="Id or e-mail address.")
    due_at = Moment(required=False, help_text="Missing: the end of the phase.")


class ImprovementBody(ImprovementFields):
    """A new improvement."""

    phase = WholeNumber(min_value=1, max_value=99)
    title = Text(max_length=200, blank=False)
    owner = Text(max_length=PERSON, blank=False, help_text="Id or e-mail address of a person.")


class ImprovementPatch(ImprovementFields):
    """What is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ImprovementOut(Body):
    """An improvement."""

    key = Text(max_length=KEY)
    phase = WholeNumber()
    title = Text(max_length=200)
    detail = Text(max_length=PROSE)
    owner = Text(max_length=64)
    due_at = Moment()
    state = choices(dict(IMPROVEMENT.names))
    outcome = Text(max_length=PROSE)
    ended_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class MaturityBody(Body):
    """How mature operations are judged to be, 1 to 5, and what they are to become."""

    level = WholeNumber(min_value=1, max_value=5)
    target = WholeNumber(min_value=1, max_value=5)
    strengths = Text(max_length=PROSE, lines=True, required=False)
    gaps = Text(max_length=PROSE, lines=True, required=False)


class MaturityOut(MaturityBody):
    """An assessment."""

    assessed_by = Text(max_length=64)
    assessed_at = Moment()


ImprovementPhasePage = page_of(ImprovementPhaseOut)
ImprovementPage = page_of(ImprovementOut)
MaturityPage = page_of(MaturityOut)


def phase_out(row: ImprovementPhase) -> dict[str, Any]:
    """Return what the API says of a phase."""
    return {
        "number": row.number,
        "title": row.title,
        "owner": str(row.owner_id) if row.owner_id else None,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "version": row.version,
    }


def improvement_out(row: ImprovementItem) -> dict[str, Any]:
    """Return what the API says of an improvement."""
    return {
        "key": row.key,
        "phase": row.phase.number,
        "title": row.title,
        "detail": row.detail,
        "owner": str(row.owner_id),
        "due_at": utc(row.due_at),
        "state": row.state,
        "outcome": row.outcome,
        "ended_at": utc(row.ended_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def maturity_out(row: MaturityAssessment) -> dict[str, Any]:
    """Return what the API says of an assessment."""
    return {
        "level": row.level,
        "target": row.target,
        "strengths": row.strengths,
        "gaps": row.gaps,
        "assessed_by": str(row.assessed_by_id),
        "assessed_at": utc(row.assessed_at),
    }


def _answer(pk: int, *, status: int = 200) -> Response:
    row = improvement_seen(pk)
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/improvements/{row.key}/"
    return Response(improvement_out(row), status=status, headers=headers)


class ImprovementPhaseList(ApiView):
    """The phases of the plan."""

    area = "compliance"

    @extend_schema(
        operation_id="improvement_phases_list",
        parameters=[ordering(PHASE_ORDERINGS), *PAGING],
        responses=ImprovementPhasePage,
    )
    def get(self, request: Request) -> Response:
        """List the phases of the improvement plan."""
        Query(request)
        return self.page(
            ImprovementPhase.objects.all(), phase_out, ordering=PHASE_ORDERINGS, default="number"
        )

    @extend_schema(
        operation_id="improvement_phases_plan",
        request=ImprovementPhaseBody,
        responses={201: ImprovementPhaseOut},
    )
    def post(self, request: Request) -> Response:
        """Plan a phase, or bring the one of that number up to date."""
        Query(request, paged=False)
        made = phase_plan(actor=self.actor, now=edge_now(), fields=read_body(request, ImprovementPhaseBody))
        return Response(phase_out(made), status=201)


class ImprovementList(ApiView):
    """Improvements."""

    area = "compliance"

    @extend_schema(
        operation_id="improvements_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(IMPROVEMENT.states)),
            ordering(IMPROVEMENT_ORDERINGS),
            *PAGING,
        ],
        responses=ImprovementPage,
    )
    def get(self, request: Request) -> Response:
        """List improvements, the longest due first."""
        query = Query(request, {"state"})
        rows = improvements_loaded()
        if state := query.choice("state", IMPROVEMENT.states):
            rows = rows.filter(state=state)
        return self.page(rows, improvement_out, ordering=IMPROVEMENT_ORDERINGS, default="due_at")

    @extend_schema(operation_id="improvements_open", request=ImprovementBody, responses={201: ImprovementOut})
    def post(self, request: Request) -> Response:
        """Plan an improvement, with who owes it."""
        Query(request, paged=False)
        made = improvement_open(actor=self.actor, now=edge_now(), fields=read_body(request, ImprovementBody))
        return _answer(made.pk, status=201)


class ImprovementDetail(ApiView):
    """One improvement."""

    area = "compliance"

    @extend_schema(operation_id="improvements_retrieve", responses=ImprovementOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an improvement."""
        Query(request, paged=False)
        return _answer(number(key, IMPROVEMENT_PREFIX))

    @extend_schema(
        operation_id="improvements_edit",
        parameters=[IF_MATCH],
        request=ImprovementPatch,
        responses=ImprovementOut,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change an improvement that is not done yet."""
        Query(request, paged=False)
        pk = number(key, IMPROVEMENT_PREFIX)
        body = read_body(request, ImprovementPatch, partial=True)
        version = expected_version(request, body)
        improvement_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _answer(pk)


class ImprovementStep(ApiView):
    """A step of an improvement."""

    area = "compliance"

    @extend_schema(
        operation_id="improvements_step",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERBS))],
        request=GovernanceStepBody,
        responses=ImprovementOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Start it, finish it, drop it or open it again."""
        Query(request, paged=False)
        pk = number(key, IMPROVEMENT_PREFIX)
        body = read_body(request, GovernanceStepBody)
        version = expected_version(request, body)
        improvement_move(actor=self.actor, now=edge_now(), pk=pk, verb=verb, version=version, **body)
        return _answer(pk)


class MaturityList(ApiView):
    """How mature operations are judged to be."""

    area = "compliance"

    @extend_schema(
        operation_id="maturity_list",
        parameters=[ordering(MATURITY_ORDERINGS), *PAGING],
        responses=MaturityPage,
    )
    def get(self, request: Request) -> Response:
        """List the assessments, newest first."""
        Query(request)
        rows = MaturityAssessment.objects.all()
        return self.page(
            rows, maturity_out, ordering=MATURITY_ORDERINGS, default="-assessed_at", changed=("assessed_at",)
        )

    @extend_schema(operation_id="maturity_assess", request=MaturityBody, responses={201: MaturityOut})
    def post(self, request: Request) -> Response:
        """Record an assessment."""
        Query(request, paged=False)
        made = maturity_assess(actor=self.actor, now=edge_now(), fields=read_body(request, MaturityBody))
        return Response(maturity_out(made), status=201)

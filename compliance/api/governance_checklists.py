"""The API of checklists."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import (
    SHORT,
    VERSION_HELP,
    GovernanceStepBody,
    choices,
    ordering,
    page_of,
)
from compliance.governing.kinds import ANSWERS, PERIODS
from compliance.governing.periods import period_of
from compliance.governing.states import CHECKLIST, RUN
from compliance.models import Checklist, ChecklistRun
from compliance.selectors.checklists import (
    CHECKLIST_ORDERINGS,
    RUN_ORDERINGS,
    checklist_seen,
    run_seen,
    runs_loaded,
)
from compliance.services.governance.checklists import (
    checklist_adopt,
    checklist_answer,
    checklist_define,
    checklist_edit,
    checklist_move,
    checklist_sign,
    checklist_start,
)
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

MOVES = ("retire", "restore", "adopt")


class ChecklistItemBody(Body):
    """One line of a checklist."""

    id = Text(max_length=60, required=False)
    text = Text(max_length=SHORT, blank=False)
    hint = Text(max_length=20, required=False, help_text="What the portal shows of it: alerts, backups, …")


class ChecklistFields(Body):
    """What may be changed of a checklist."""

    title = Text(max_length=120, blank=False, required=False)
    owner_role = Text(max_length=60, required=False, help_text="Who is asked, by the slug of a role.")
    items = ChecklistItemBody(many=True, required=False)


class ChecklistBody(ChecklistFields):
    """A new checklist."""

    slug = Text(max_length=60, blank=False)
    title = Text(max_length=120, blank=False)
    period = choices(PERIODS)
    items = ChecklistItemBody(many=True)


class ChecklistPatch(ChecklistFields):
    """What is to be different. Runs that are under way keep their items."""

    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ChecklistOut(Body):
    """A checklist, in its newest edition."""

    slug = Text(max_length=60)
    title = Text(max_length=120)
    period = choices(PERIODS)
    owner_role = Text(max_length=60)
    document = Text(max_length=200)
    state = choices(dict(CHECKLIST.names))
    edition = WholeNumber()
    items = ChecklistItemBody(many=True)
    updated_at = Moment()
    version = WholeNumber()


class ChecklistStartBody(Body):
    """For which period: that in which this day lies."""

    on = Text(max_length=10, required=False, help_text="A day; missing: today.")


class ChecklistAnswerBody(Body):
    """What is so of one item."""

    item = Text(max_length=60, blank=False)
    answer = choices(ANSWERS)
    note = Text(max_length=1_000, lines=True, required=False)


class ChecklistAnswersBody(Body):
    """Answers to items of a run."""

    answers = serializers.ListField(child=ChecklistAnswerBody(), max_length=100)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class ChecklistSignBody(ChecklistAnswersBody):
    """The last answers, and a remark."""

    answers = serializers.ListField(child=ChecklistAnswerBody(), max_length=100, required=False)
    remark = Text(max_length=1_000, lines=True, required=False)


class ChecklistAnswerOut(ChecklistAnswerBody):
    """An answer, and what the portal knew then."""

    figures = Text(max_length=SHORT)
    by = Text(max_length=64)
    at = Moment()


class ChecklistRunOut(Body):
    """A checklist gone through for one period."""

    id = WholeNumber()
    checklist = Text(max_length=60)
    period = Text(max_length=10)
    first_day = Text(max_length=10)
    last_day = Text(max_length=10)
    edition = WholeNumber()
    state = choices(dict(RUN.names))
    signed_by = Text(max_length=64, allow_null=True)
    signed_at = Moment(allow_null=True)
    remark = Text(max_length=1_000)
    answers = ChecklistAnswerOut(many=True)
    updated_at = Moment()
    version = WholeNumber()


ChecklistPage = page_of(ChecklistOut)
ChecklistRunPage = page_of(ChecklistRunOut)


def checklist_out(row: Checklist) -> dict[str, Any]:
    """Return what the API says of a checklist; its editions are loaded."""
    edition = next(one for one in row.editions.all() if one.number == row.edition)
    return {
        "slug": row.slug,
        "title": row.title,
        "period": row.period,
        "owner_role": row.owner_role,
        "document": row.source,
        "state": row.state,
        "edition": row.edition,
        "items": edition.items,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def run_out(row: ChecklistRun) -> dict[str, Any]:
    """Return what the API says of a run."""
    return {
        "id": row.pk,
        "checklist": row.checklist.slug,
        "period": period_of(row.checklist.period, row.first_day).name,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "edition": row.edition.number,
        "state": row.state,
        "signed_by": str(row.signed_by_id) if row.signed_by_id else None,
        "signed_at": utc(row.signed_at),
        "remark": row.remark,
        "answers": [
            {
                "item": one.item,
                "answer": one.answer,
                "note": one.note,
                "figures": one.figures,
                "by": str(one.by_id),
                "at": utc(one.at),
            }
            for one in row.answers.all()
        ],
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def _checklist(slug: str, *, status: int = 200) -> Response:
    row = checklist_seen(slug)
    return Response(checklist_out(row), status=status, headers={"ETag": f'"{row.version}"'})


def _run(pk: int, *, status: int = 200) -> Response:
    row = run_seen(pk)
    return Response(run_out(row), status=status, headers={"ETag": f'"{row.version}"'})


class ChecklistList(ApiView):
    """Checklists."""

    area = "compliance"

    @extend_schema(
        operation_id="checklists_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(CHECKLIST.states)),
            ordering(CHECKLIST_ORDERINGS),
            *PAGING,
        ],
        responses=ChecklistPage,
    )
    def get(self, request: Request) -> Response:
        """List checklists."""
        query = Query(request, {"state"})
        rows = Checklist.objects.prefetch_related("editions")
        if state := query.choice("state", CHECKLIST.states):
            rows = rows.filter(state=state)
        return self.page(rows, checklist_out, ordering=CHECKLIST_ORDERINGS, default="slug")

    @extend_schema(operation_id="checklists_define", request=ChecklistBody, responses={201: ChecklistOut})
    def post(self, request: Request) -> Response:
        """Make a checklist."""
        Query(request, paged=False)
        made = checklist_define(actor=self.actor, now=edge_now(), fields=read_body(request, ChecklistBody))
        return _checklist(made.slug, status=201)


class ChecklistDetail(ApiView):
    """One checklist."""

    area = "compliance"

    @extend_schema(operation_id="checklists_retrieve", responses=ChecklistOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a checklist."""
        Query(request, paged=False)
        return _checklist(slug)

    @extend_schema(
        operation_id="checklists_edit",
        parameters=[IF_MATCH],
        request=ChecklistPatch,
        responses=ChecklistOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a checklist; other items are another edition."""
        Query(request, paged=False)
        body = read_body(request, ChecklistPatch, partial=True)
        version = expected_version(request, body)
        checklist_edit(actor=self.actor, now=edge_now(), slug=slug, fields=body, version=version)
        return _checklist(slug)


class ChecklistMove(ApiView):
    """Into use and out of it."""

    area = "compliance"

    @extend_schema(
        operation_id="checklists_move",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(MOVES))],
        request=GovernanceStepBody,
        responses=ChecklistOut,
    )
    def post(self, request: Request, slug: str, verb: str) -> Response:
        """Retire it, restore it, or adopt one that comes with the portal."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, GovernanceStepBody))
        now = edge_now()
        if verb == "adopt":
            checklist_adopt(actor=self.actor, now=now, slug=slug)
        else:
            checklist_move(actor=self.actor, now=now, slug=slug, verb=verb, version=version)
        return _checklist(slug)


class ChecklistRunList(ApiView):
    """Runs of checklists."""

    area = "compliance"

    @extend_schema(
        operation_id="checklist_runs_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(RUN.states)),
            OpenApiParameter("checklist", str, description="The slug of a checklist."),
            ordering(RUN_ORDERINGS),
            *PAGING,
        ],
        responses=ChecklistRunPage,
    )
    def get(self, request: Request) -> Response:
        """List what was gone through, the newest period first."""
        query = Query(request, {"state", "checklist"})
        rows = runs_loaded()
        if state := query.choice("state", RUN.states):
            rows = rows.filter(state=state)
        if slug := query.text("checklist", max_length=60):
            rows = rows.filter(checklist__slug=slug)
        return self.page(rows, run_out, ordering=RUN_ORDERINGS, default="-first_day")


class ChecklistRunStart(ApiView):
    """Beginning."""

    area = "compliance"

    @extend_schema(
        operation_id="checklist_runs_start", request=ChecklistStartBody, responses={201: ChecklistRunOut}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Begin with a checklist for a period; that of the period which was begun is shown as it is."""
        Query(request, paged=False)
        body = read_body(request, ChecklistStartBody)
        made = checklist_start(actor=self.actor, now=edge_now(), slug=slug, **body)
        return _run(made.pk, status=201)


class ChecklistRunDetail(ApiView):
    """One run."""

    area = "compliance"

    @extend_schema(operation_id="checklist_runs_retrieve", responses=ChecklistRunOut)
    def get(self, request: Request, run: str) -> Response:
        """Show a run, with its answers."""
        Query(request, paged=False)
        return _run(int(run))


class ChecklistRunAnswer(ApiView):
    """Answering."""

    area = "compliance"

    @extend_schema(
        operation_id="checklist_runs_answer",
        parameters=[IF_MATCH],
        request=ChecklistAnswersBody,
        responses=ChecklistRunOut,
    )
    def post(self, request: Request, run: str) -> Response:
        """Answer items."""
        Query(request, paged=False)
        body = read_body(request, ChecklistAnswersBody)
        version = expected_version(request, body)
        checklist_answer(actor=self.actor, now=edge_now(), run=int(run), version=version, **body)
        return _run(int(run))


class ChecklistRunSign(ApiView):
    """Signing."""

    area = "compliance"

    @extend_schema(
        operation_id="checklist_runs_sign",
        parameters=[IF_MATCH],
        request=ChecklistSignBody,
        responses=ChecklistRunOut,
    )
    def post(self, request: Request, run: str) -> Response:
        """Sign it when every item is answered."""
        Query(request, paged=False)
        body = read_body(request, ChecklistSignBody)
        version = expected_version(request, body)
        checklist_sign(actor=self.actor, now=edge_now(), run=int(run), version=version, **body)
        return _run(int(run))

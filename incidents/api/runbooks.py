"""The API of runbooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.runbooks_bodies import (
    RunbookBody,
    RunbookDetailOut,
    RunbookPage,
    RunbookPatch,
    RunbookRetireBody,
    RunbookReviewBody,
    RunbookStepBody,
    RunbookVersionPage,
    runbook_out,
    version_out,
)
from incidents.models import Runbook, RunbookVersion
from incidents.runbook.states import RUNBOOK
from incidents.runbook.templates import KINDS
from incidents.selectors.runbooks import ORDERINGS, runbook_by_slug, runbooks_loaded, version_shown
from incidents.services.runbooks.writing import (
    runbook_create,
    runbook_edit,
    runbook_publish,
    runbook_reinstate,
    runbook_retire,
    runbook_review,
)
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read: `"3"`.'
)
PAGING = [
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]
FILTERS = [
    OpenApiParameter("state", str, enum=list(RUNBOOK.states)),
    OpenApiParameter("kind", str, enum=[kind for kind, _ in KINDS]),
    OpenApiParameter("service", str, description="Only what is offered for this service (a slug)."),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
    *PAGING,
]


def _answer(slug: str, *, status: int = 200) -> Response:
    runbook = runbook_by_slug(slug)
    document = {**runbook_out(runbook), "text": version_shown(runbook).text}
    return Response(document, status=status, headers={"ETag": f'"{runbook.version}"'})


class RunbookList(ApiView):
    """Runbooks."""

    area = "incidents"

    @extend_schema(operation_id="runbooks_list", parameters=FILTERS, responses=RunbookPage)
    def get(self, request: Request) -> Response:
        """List runbooks by title."""
        query = Query(request, {"state", "kind", "service"})
        rows = runbooks_loaded()
        if state := query.choice("state", RUNBOOK.states):
            rows = rows.filter(state=state)
        if kind := query.choice("kind", dict(KINDS)):
            rows = rows.filter(kind=kind)
        if service := query.text("service"):
            rows = rows.filter(targets__service__slug=service)
        return self.page(rows, runbook_out, ordering=ORDERINGS, default="title")

    @extend_schema(operation_id="runbooks_create", request=RunbookBody, responses={201: RunbookDetailOut})
    def post(self, request: Request) -> Response:
        """Make a draft of a runbook."""
        Query(request, paged=False)
        fields = read_body(request, RunbookBody)
        made = runbook_create(actor=self.actor, now=edge_now(), slug=fields.pop("slug"), fields=fields)
        response = _answer(made.slug, status=201)
        response["Location"] = f"/api/v1/runbooks/{made.slug}/"
        return response


class RunbookDetail(ApiView):
    """One runbook."""

    area = "incidents"

    @extend_schema(operation_id="runbooks_retrieve", responses=RunbookDetailOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a runbook with the text that people follow."""
        Query(request, paged=False)
        return _answer(slug)

    @extend_schema(
        operation_id="runbooks_edit", parameters=[IF_MATCH], request=RunbookPatch, responses=RunbookDetailOut
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a runbook. Another text is another version, which holds once it is published."""
        Query(request, paged=False)
        body = read_body(request, RunbookPatch, partial=True)
        version = expected_version(request, body)
        runbook_edit(actor=self.actor, now=edge_now(), slug=slug, fields=body, version=version)
        return _answer(slug)


class RunbookVersions(ApiView):
    """What a runbook said."""

    area = "incidents"

    @extend_schema(
        operation_id="runbooks_versions",
        parameters=[OpenApiParameter("ordering", str, enum=["-number", "number"]), *PAGING],
        responses=RunbookVersionPage,
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the versions of a runbook, newest first."""
        Query(request)
        rows = RunbookVersion.objects.filter(runbook=runbook_by_slug(slug))
        orderings = {"-number": ("-number", "-id"), "number": ("number", "id")}
        return self.page(rows, version_out, ordering=orderings, default="-number", changed=("written_at",))


class _Step(ApiView):
    """One step of a runbook's life. `move` is the service that takes it."""

    area = "incidents"
    body: ClassVar[type[Body]] = RunbookStepBody
    move: ClassVar[Callable[..., Runbook]]

    def take(self, request: Request, slug: str) -> Response:
        Query(request, paged=False)
        body = read_body(request, self.body)
        version = expected_version(request, body)
        self.move(actor=self.actor, now=edge_now(), slug=slug, version=version, **body)
        return _answer(slug)


class RunbookPublish(_Step):
    move = staticmethod(runbook_publish)

    @extend_schema(
        operation_id="runbooks_publish",
        parameters=[IF_MATCH],
        request=RunbookStepBody,
        responses=RunbookDetailOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Let people follow the newest version, where the active standard misses nothing in it."""
        return self.take(request, slug)


class RunbookReview(_Step):
    body = RunbookReviewBody
    move = staticmethod(runbook_review)

    @extend_schema(
        operation_id="runbooks_review",
        parameters=[IF_MATCH],
        request=RunbookReviewBody,
        responses=RunbookDetailOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Keep that a person found that the published version holds."""
        return self.take(request, slug)


class RunbookRetire(_Step):
    body = RunbookRetireBody
    move = staticmethod(runbook_retire)

    @extend_schema(
        operation_id="runbooks_retire",
        parameters=[IF_MATCH],
        request=RunbookRetireBody,
        responses=RunbookDetailOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Offer it no more."""
        return self.take(request, slug)


class RunbookReinstate(_Step):
    move = staticmethod(runbook_reinstate)

    @extend_schema(
        operation_id="runbooks_reinstate",
        parameters=[IF_MATCH],
        request=RunbookStepBody,
        responses=RunbookDetailOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Make a retired runbook a draft again."""
        return self.take(request, slug)

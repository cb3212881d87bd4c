"""The API of standard-change templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.approvals_out import approval_out
from changes.api.changes import IF_MATCH, answer
from changes.api.changes_bodies import ApproveBody, MoveBody, VoteBody, service_fields
from changes.api.changes_out import ChangeDetailOut
from changes.api.templates_bodies import (
    OpenBody,
    RetireBody,
    TemplateBody,
    TemplateDetailOut,
    TemplatePage,
    TemplatePatch,
    places_in,
    template_out,
)
from changes.models import ChangeTemplate
from changes.selectors import TEMPLATE_ORDERINGS, template_by_slug, templates_loaded
from changes.services.openings import change_open
from changes.services.templates import (
    template_create,
    template_retire,
    template_revise,
    template_submit,
    template_vote,
    template_withdraw,
)
from changes.states import TEMPLATE
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import progress_of_all, requests_about
from opsportal.core.clock import edge_now

ROUNDS = 20
FILTERS = [
    OpenApiParameter("state", str, enum=list(TEMPLATE.states)),
    OpenApiParameter("ordering", str, enum=sorted(TEMPLATE_ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]


def _answer(slug: str, *, status: int = 200) -> Response:
    template = template_by_slug(slug)
    rounds = list(requests_about("template", slug)[:ROUNDS])
    progress = progress_of_all(rounds, edge_now())
    document = {
        **template_out(template),
        "approvals": [approval_out(one, progress[one.pk]) for one in rounds],
    }
    return Response(document, status=status, headers={"ETag": f'"{template.version}"'})


class TemplateList(ApiView):
    """Templates."""

    area = "changes"

    @extend_schema(operation_id="templates_list", parameters=FILTERS, responses=TemplatePage)
    def get(self, request: Request) -> Response:
        """List templates by title."""
        query = Query(request, {"state"})
        rows, state = templates_loaded(), query.choice("state", TEMPLATE.states)
        rows = rows.filter(state=state) if state else rows
        return self.page(rows, template_out, ordering=TEMPLATE_ORDERINGS, default="title")

    @extend_schema(operation_id="templates_create", request=TemplateBody, responses={201: TemplateDetailOut})
    def post(self, request: Request) -> Response:
        """Make a draft of a template."""
        Query(request, paged=False)
        fields = service_fields(read_body(request, TemplateBody))
        template = template_create(actor=self.actor, now=edge_now(), slug=fields.pop("slug"), fields=fields)
        response = _answer(template.slug, status=201)
        response["Location"] = f"/api/v1/templates/{template.slug}/"
        return response


class TemplateDetail(ApiView):
    """One template."""

    area = "changes"

    @extend_schema(operation_id="templates_retrieve", responses=TemplateDetailOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a template, with the votes on it."""
        Query(request, paged=False)
        return _answer(slug)

    @extend_schema(
        operation_id="templates_revise",
        parameters=[IF_MATCH],
        request=TemplatePatch,
        responses=TemplateDetailOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Revise a template. Any difference takes a new approval; nothing is opened from it until then."""
        Query(request, paged=False)
        body = read_body(request, TemplatePatch, partial=True)
        version = expected_version(request, body)
        template_revise(
            actor=self.actor, now=edge_now(), slug=slug, fields=service_fields(body), version=version
        )
        return _answer(slug)


class _Step(ApiView):
    """One step of a template. `move` is the service that takes it."""

    area = "changes"
    body: ClassVar[type[Body]] = MoveBody
    move: ClassVar[Callable[..., ChangeTemplate]]

    def take(self, request: Request, slug: str) -> Response:
        Query(request, paged=False)
        body = read_body(request, self.body)
        version = expected_version(request, body)
        self.move(actor=self.actor, now=edge_now(), slug=slug, version=version, **body)
        return _answer(slug)


class TemplateSubmit(_Step):
    move = staticmethod(template_submit)

    @extend_schema(
        operation_id="templates_submit", parameters=[IF_MATCH], request=MoveBody, responses=TemplateDetailOut
    )
    def post(self, request: Request, slug: str) -> Response:
        """Submit a draft for approval, under the standard that is active now."""
        return self.take(request, slug)


class TemplateWithdraw(_Step):
    move = staticmethod(template_withdraw)

    @extend_schema(
        operation_id="templates_withdraw",
        parameters=[IF_MATCH],
        request=MoveBody,
        responses=TemplateDetailOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Take it back from review; votes are void."""
        return self.take(request, slug)


class TemplateRetire(_Step):
    body = RetireBody
    move = staticmethod(template_retire)

    @extend_schema(
        operation_id="templates_retire",
        parameters=[IF_MATCH],
        request=RetireBody,
        responses=TemplateDetailOut,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Retire it for good: nothing is opened from it any more."""
        return self.take(request, slug)


class _Vote(ApiView):
    """A vote on a template, bound to the content that the voter saw."""

    area = "changes"
    body: ClassVar[type[Body]] = VoteBody
    decision: ClassVar[Decision]

    def cast(self, request: Request, slug: str) -> Response:
        Query(request, paged=False)
        given: dict[str, Any] = read_body(request, self.body)
        seen = given.pop("content_hash", "") or template_by_slug(slug).content_hash
        template_vote(
            actor=self.actor, now=edge_now(), slug=slug, decision=self.decision, content_hash=seen, **given
        )
        return _answer(slug)


class TemplateApprove(_Vote):
    body = ApproveBody
    decision = Decision.APPROVE

    @extend_schema(operation_id="templates_approve", request=ApproveBody, responses=TemplateDetailOut)
    def post(self, request: Request, slug: str) -> Response:
        """Vote yes to exactly the content that was seen."""
        return self.cast(request, slug)


class TemplateReject(_Vote):
    decision = Decision.REJECT

    @extend_schema(operation_id="templates_reject", request=VoteBody, responses=TemplateDetailOut)
    def post(self, request: Request, slug: str) -> Response:
        """Vote no."""
        return self.cast(request, slug)


class TemplateAbstain(_Vote):
    decision = Decision.ABSTAIN

    @extend_schema(operation_id="templates_abstain", request=VoteBody, responses=TemplateDetailOut)
    def post(self, request: Request, slug: str) -> Response:
        """Take part without a yes or a no."""
        return self.cast(request, slug)


class TemplateOpen(ApiView):
    """Opening a standard change from a template."""

    area = "changes"

    @extend_schema(operation_id="templates_open", request=OpenBody, responses={201: ChangeDetailOut})
    def post(self, request: Request, slug: str) -> Response:
        """Open a standard change and submit it: approved at once where the standard asks for no more."""
        Query(request, paged=False)
        body = read_body(request, OpenBody)
        template = template_by_slug(slug)
        named = [(one.service.slug, one.environment.slug) for one in template.targets.all()]
        change = change_open(
            actor=self.actor,
            now=edge_now(),
            template=template.slug,
            targets=list(places_in(body)) or named,
            title=body.get("title", ""),
        )
        response = answer(change, self.actor, status=201)
        response["Location"] = f"/api/v1/changes/{change.key}/"
        return response

"""The API of frameworks, controls and exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.controls_bodies import (
    ControlBody,
    ControlNoteBody,
    ControlOut,
    ControlPage,
    ControlPatch,
    ControlReasonBody,
    ExceptionBody,
    ExceptionOut,
    ExceptionPage,
    FrameworkDetailOut,
    FrameworkPage,
    control_out,
    exception_out,
    framework_out,
    requirement_out,
)
from compliance.controlling.states import CONTROL, EXCEPTION
from compliance.models import Control, ControlException, Framework
from compliance.selectors.control_status import control_statuses
from compliance.selectors.controls import (
    CONTROL_ORDERINGS,
    EXCEPTION_ORDERINGS,
    control_by_key,
    controls_loaded,
    exception_by_key,
    exceptions_loaded,
    framework_by_slug,
    requirements_of,
)
from compliance.services.controls.controls import (
    control_create,
    control_edit,
    control_reinstate,
    control_retire,
    control_review,
)
from compliance.services.controls.exceptions import (
    exception_approve,
    exception_reject,
    exception_request,
    exception_revoke,
    exception_withdraw,
)
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

F = TypeVar("F", bound=Callable[..., Any])
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read: `"3"`.'
)
PAGING = [OpenApiParameter("page_size", int, description="1 to 200"), OpenApiParameter("cursor", str)]


def answer(document: dict[str, Any], version: int, *, status: int = 200, place: str = "") -> Response:
    """Return one thing with its version as ETag, and where it is to be had where it is new."""
    headers = {"ETag": f'"{version}"', **({"Location": place} if place else {})}
    return Response(document, status=status, headers=headers)


def _control(key: str, *, status: int = 200) -> Response:
    control = control_by_key(key)
    document = control_out(control, control_statuses([control], edge_now())[control.pk])
    place = f"/api/v1/controls/{control.key}/" if status == 201 else ""
    return answer(document, control.version, status=status, place=place)


class ControlList(ApiView):
    """Controls."""

    area = "compliance"

    @extend_schema(
        operation_id="controls_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(CONTROL.states)),
            OpenApiParameter("framework", str, description="Only what answers this framework (a slug)."),
            OpenApiParameter("rule", str, description="Only what is judged by this rule (its id)."),
            OpenApiParameter("ordering", str, enum=sorted(CONTROL_ORDERINGS)),
            *PAGING,
        ],
        responses=ControlPage,
    )
    def get(self, request: Request) -> Response:
        """List controls with their computed status and its reasons."""
        query = Query(request, {"state", "framework", "rule"})
        rows = controls_loaded()
        if state := query.choice("state", CONTROL.states):
            rows = rows.filter(state=state)
        if framework := query.text("framework"):
            rows = rows.filter(
                pk__in=Control.objects.filter(requirements__framework__slug=framework).values("pk")
            )
        if rule := query.text("rule"):
            rows = rows.filter(pk__in=Control.objects.filter(rules__rule=rule).values("pk"))
        response = self.page(rows, lambda row: {"row": row}, ordering=CONTROL_ORDERINGS, default="id")
        found = [one["row"] for one in response.data["results"]]
        judged = control_statuses(found, edge_now())
        response.data["results"] = [control_out(row, judged[row.pk]) for row in found]
        return response

    @extend_schema(operation_id="controls_create", request=ControlBody, responses={201: ControlOut})
    def post(self, request: Request) -> Response:
        """Make a control."""
        Query(request, paged=False)
        fields = read_body(request, ControlBody)
        made = control_create(actor=self.actor, now=edge_now(), fields=fields)
        return _control(made.key, status=201)


class ControlDetail(ApiView):
    """One control."""

    area = "compliance"

    @extend_schema(operation_id="controls_retrieve", responses=ControlOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a control: its status, since when, and what that rests on."""
        Query(request, paged=False)
        return _control(key)

    @extend_schema(
        operation_id="controls_edit", parameters=[IF_MATCH], request=ControlPatch, responses=ControlOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change a control. Each kind of mapping that is given replaces the standing one."""
        Query(request, paged=False)
        fields = read_body(request, ControlPatch, partial=True)
        version = expected_version(request, fields)
        control_edit(actor=self.actor, now=edge_now(), key=key, fields=fields, version=version)
        return _control(key)


class _ControlStep(ApiView):
    """One step of a control's life. `move` is the service that takes it."""

    area = "compliance"
    body: ClassVar[type[Body]] = ControlReasonBody
    move: ClassVar[Callable[..., Control]]

    def take(self, request: Request, key: str) -> Response:
        Query(request, paged=False)
        fields = read_body(request, self.body)
        version = expected_version(request, fields)
        self.move(actor=self.actor, now=edge_now(), key=key, version=version, **fields)
        return _control(key)


class ControlReview(_ControlStep):
    body = ControlNoteBody
    move = staticmethod(control_review)

    @extend_schema(
        operation_id="controls_review", parameters=[IF_MATCH], request=ControlNoteBody, responses=ControlOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Keep that a person found that the control says what is done."""
        return self.take(request, key)


class ControlRetire(_ControlStep):
    move = staticmethod(control_retire)

    @extend_schema(
        operation_id="controls_retire", parameters=[IF_MATCH], request=ControlReasonBody, responses=ControlOut
    )
    def post(self, request: Request, key: str) -> Response:
        """Judge a control no more."""
        return self.take(request, key)


class ControlReinstate(_ControlStep):
    move = staticmethod(control_reinstate)

    @extend_schema(
        operation_id="controls_reinstate",
        parameters=[IF_MATCH],
        request=ControlReasonBody,
        responses=ControlOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Take a retired control into use again."""
        return self.take(request, key)


class FrameworkList(ApiView):
    """Frameworks."""

    area = "compliance"

    @extend_schema(
        operation_id="frameworks_list",
        parameters=[OpenApiParameter("ordering", str, enum=["title", "-title"]), *PAGING],
        responses=FrameworkPage,
    )
    def get(self, request: Request) -> Response:
        """List the frameworks that are loaded."""
        Query(request)
        orderings = {"title": ("title", "id"), "-title": ("-title", "-id")}
        return self.page(Framework.objects.all(), framework_out, ordering=orderings, default="title")


class FrameworkDetail(ApiView):
    """One framework."""

    area = "compliance"

    @extend_schema(operation_id="frameworks_retrieve", responses=FrameworkDetailOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a framework with its requirements and the controls that answer each."""
        Query(request, paged=False)
        framework = framework_by_slug(slug)
        rows = [requirement_out(row) for row in requirements_of(framework)]
        return Response({**framework_out(framework), "requirements": rows})


def _exception(key: str, *, status: int = 200) -> Response:
    row = exception_by_key(key)
    place = f"/api/v1/exceptions/{row.key}/" if status == 201 else ""
    return answer(exception_out(row), row.version, status=status, place=place)


class ExceptionList(ApiView):
    """Exceptions."""

    area = "compliance"

    @extend_schema(
        operation_id="exceptions_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(EXCEPTION.states)),
            OpenApiParameter("rule", str, description="Only about this rule (its id)."),
            OpenApiParameter("ordering", str, enum=sorted(EXCEPTION_ORDERINGS)),
            *PAGING,
        ],
        responses=ExceptionPage,
    )
    def get(self, request: Request) -> Response:
        """List exceptions, newest first."""
        query = Query(request, {"state", "rule"})
        rows = exceptions_loaded()
        if state := query.choice("state", EXCEPTION.states):
            rows = rows.filter(state=state)
        if rule := query.text("rule"):
            rows = rows.filter(rule=rule)
        return self.page(rows, exception_out, ordering=EXCEPTION_ORDERINGS, default="-id")

    @extend_schema(operation_id="exceptions_request", request=ExceptionBody, responses={201: ExceptionOut})
    def post(self, request: Request) -> Response:
        """Ask for an exception. It holds once somebody else has approved it, and ends by itself."""
        Query(request, paged=False)
        fields = read_body(request, ExceptionBody)
        made = exception_request(actor=self.actor, now=edge_now(), fields=fields)
        return _exception(made.key, status=201)


class ExceptionDetail(ApiView):
    """One exception."""

    area = "compliance"

    @extend_schema(operation_id="exceptions_retrieve", responses=ExceptionOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an exception."""
        Query(request, paged=False)
        return _exception(key)


class _ExceptionStep(ApiView):
    """One step of an exception's life. `move` is the service that takes it."""

    area = "compliance"
    move: ClassVar[Callable[..., ControlException]]

    def take(self, request: Request, key: str) -> Response:
        Query(request, paged=False)
        fields = {"note": "", **read_body(request, ControlNoteBody)}
        version = expected_version(request, fields)
        self.move(actor=self.actor, now=edge_now(), key=key, version=version, **fields)
        return _exception(key)


def _step_schema(verb: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=f"exceptions_{verb}",
        parameters=[IF_MATCH],
        request=ControlNoteBody,
        responses=ExceptionOut,
    )


class ExceptionApprove(_ExceptionStep):
    move = staticmethod(exception_approve)

    @_step_schema("approve")
    def post(self, request: Request, key: str) -> Response:
        """Accept an exception until it expires; never what one has asked for oneself."""
        return self.take(request, key)


class ExceptionReject(_ExceptionStep):
    move = staticmethod(exception_reject)

    @_step_schema("reject")
    def post(self, request: Request, key: str) -> Response:
        """Refuse an exception; the note says why."""
        return self.take(request, key)


class ExceptionWithdraw(_ExceptionStep):
    move = staticmethod(exception_withdraw)

    @_step_schema("withdraw")
    def post(self, request: Request, key: str) -> Response:
        """Take back what one has asked for."""
        return self.take(request, key)


class ExceptionRevoke(_ExceptionStep):
    move = staticmethod(exception_revoke)

    @_step_schema("revoke")
    def post(self, request: Request, key: str) -> Response:
        """End an accepted exception before its time; the note says why."""
        return self.take(request, key)

"""The API of maintenance windows, freezes and working time."""

from __future__ import annotations

from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.calendar import selectors
from opsportal.calendar.api.serializers import (
    CalendarMoveBody,
    FreezeBody,
    FreezeOut,
    FreezePage,
    FreezePatch,
    WindowBody,
    WindowOut,
    WindowPage,
    WindowPatch,
    WorkingTimeBody,
    WorkingTimeOut,
    freeze_out,
    scope_in,
    window_out,
    working_time_out,
)
from opsportal.calendar.models import Freeze, MaintenanceWindow
from opsportal.calendar.models.freezes import PREFIX as FREEZE_PREFIX
from opsportal.calendar.models.windows import PREFIX as WINDOW_PREFIX
from opsportal.calendar.services import (
    freeze_create,
    freeze_lift,
    freeze_update,
    window_create,
    window_reinstate,
    window_retire,
    window_update,
    working_calendar_set,
)
from opsportal.calendar.states import FREEZE, WINDOW
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

WINDOW_ORDERINGS = {
    **both_ways("id", word="key"),
    **both_ways("updated_at", "id", word="updated_at"),
}
FREEZE_ORDERINGS = {
    **both_ways("id", word="key"),
    **both_ways("updated_at", "id", word="updated_at"),
}
PAGES = [OpenApiParameter("page_size", int, description="1 to 200"), OpenApiParameter("cursor", str)]


class WindowList(ApiView):
    """Maintenance windows."""

    area = "changes"

    @extend_schema(
        operation_id="maintenance_windows_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(WINDOW.states)),
            OpenApiParameter("ordering", str, enum=sorted(WINDOW_ORDERINGS)),
            *PAGES,
        ],
        responses=WindowPage,
    )
    def get(self, request: Request) -> Response:
        """List maintenance windows, retired ones too."""
        query = Query(request, {"state"})
        rows = MaintenanceWindow.objects.all()
        if state := query.choice("state", WINDOW.states):
            rows = rows.filter(state=state)
        render = partial(window_out, now=edge_now())
        return self.page(rows, render, ordering=WINDOW_ORDERINGS, default="key")

    @extend_schema(request=WindowBody, responses={201: WindowOut})
    def post(self, request: Request) -> Response:
        """Add a maintenance window; people only, administrators and members of boards."""
        Query(request, paged=False)
        body = scope_in(read_body(request, WindowBody))
        return _window(window_create(actor=self.actor, now=edge_now(), **body), status=201)


class WindowDetail(ApiView):
    """One maintenance window."""

    area = "changes"

    @extend_schema(responses=WindowOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a maintenance window. Its ETag is its version."""
        Query(request, paged=False)
        return _window(selectors.window_by_id(_window_number(key)))

    @extend_schema(request=WindowPatch, responses=WindowOut)
    def patch(self, request: Request, key: str) -> Response:
        """Change what is given."""
        Query(request, paged=False)
        body = scope_in(read_body(request, WindowPatch, partial=True))
        version = expected_version(request, body)
        return _window(
            window_update(actor=self.actor, now=edge_now(), pk=_window_number(key), version=version, **body)
        )


class WindowRetire(ApiView):
    """Taking a maintenance window out of use."""

    area = "changes"

    @extend_schema(request=CalendarMoveBody, responses=WindowOut)
    def post(self, request: Request, key: str) -> Response:
        """Retire a maintenance window."""
        Query(request, paged=False)
        number = _window_number(key)
        return _window(window_retire(actor=self.actor, now=edge_now(), pk=number, **_move(request)))


class WindowReinstate(ApiView):
    """Putting a maintenance window back into use."""

    area = "changes"

    @extend_schema(request=CalendarMoveBody, responses=WindowOut)
    def post(self, request: Request, key: str) -> Response:
        """Put a retired maintenance window back into use."""
        Query(request, paged=False)
        number = _window_number(key)
        return _window(window_reinstate(actor=self.actor, now=edge_now(), pk=number, **_move(request)))


class FreezeList(ApiView):
    """Freezes."""

    area = "changes"

    @extend_schema(
        operation_id="freezes_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(FREEZE.states)),
            OpenApiParameter("at", str, description="Only those in force at this time."),
            OpenApiParameter("ordering", str, enum=sorted(FREEZE_ORDERINGS)),
            *PAGES,
        ],
        responses=FreezePage,
    )
    def get(self, request: Request) -> Response:
        """List freezes, those that are over or lifted too."""
        query = Query(request, {"state", "at"})
        rows = Freeze.objects.all()
        if state := query.choice("state", FREEZE.states):
            rows = rows.filter(state=state)
        if at := query.moment("at"):
            rows = rows.filter(state=FREEZE.initial, starts_at__lte=at, ends_at__gt=at)
        return self.page(rows, freeze_out, ordering=FREEZE_ORDERINGS, default="-key")

    @extend_schema(request=FreezeBody, responses={201: FreezeOut})
    def post(self, request: Request) -> Response:
        """Set a freeze; people only, administrators and members of boards."""
        Query(request, paged=False)
        body = scope_in(read_body(request, FreezeBody))
        return _freeze(freeze_create(actor=self.actor, now=edge_now(), **body), status=201)


class FreezeDetail(ApiView):
    """One freeze."""

    area = "changes"

    @extend_schema(responses=FreezeOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a freeze. Its ETag is its version."""
        Query(request, paged=False)
        return _freeze(selectors.freeze_by_id(_freeze_number(key)))

    @extend_schema(request=FreezePatch, responses=FreezeOut)
    def patch(self, request: Request, key: str) -> Response:
        """Change what is given. One that is over or lifted stays as it was."""
        Query(request, paged=False)
        body = scope_in(read_body(request, FreezePatch, partial=True))
        version = expected_version(request, body)
        return _freeze(
            freeze_update(actor=self.actor, now=edge_now(), pk=_freeze_number(key), version=version, **body)
        )


class FreezeLift(ApiView):
    """Ending a freeze."""

    area = "changes"

    @extend_schema(request=CalendarMoveBody, responses=FreezeOut)
    def post(self, request: Request, key: str) -> Response:
        """End a freeze ahead of its time."""
        Query(request, paged=False)
        number = _freeze_number(key)
        return _freeze(freeze_lift(actor=self.actor, now=edge_now(), pk=number, **_move(request)))


class WorkingTime(ApiView):
    """Working time of the organisation."""

    area = "changes"

    @extend_schema(operation_id="working_time", responses=WorkingTimeOut)
    def get(self, request: Request) -> Response:
        """Show when the organisation works; 404 while nobody has said it."""
        Query(request, paged=False)
        calendar = selectors.working_calendar()
        if calendar is None:
            raise NotFound("Nobody has said yet when the organisation works.")
        return Response(working_time_out(calendar), headers={"ETag": f'"{calendar.version}"'})

    @extend_schema(request=WorkingTimeBody, responses=WorkingTimeOut)
    def put(self, request: Request) -> Response:
        """Say when the organisation works, as a whole; administrators only."""
        Query(request, paged=False)
        body = read_body(request, WorkingTimeBody)
        version = expected_version(request, body)
        calendar = working_calendar_set(actor=self.actor, now=edge_now(), version=version, **body)
        return Response(working_time_out(calendar), headers={"ETag": f'"{calendar.version}"'})


def _move(request: Request) -> dict[str, Any]:
    body = read_body(request, CalendarMoveBody)
    return {"version": expected_version(request, body), **body}


def _window_number(key: str) -> int:
    number = number_of(key, WINDOW_PREFIX)
    if number is None:
        raise NotFound("There is no such maintenance window.")
    return number


def _freeze_number(key: str) -> int:
    number = number_of(key, FREEZE_PREFIX)
    if number is None:
        raise NotFound("There is no such freeze.")
    return number


def _window(window: MaintenanceWindow, *, status: int = 200) -> Response:
    return Response(window_out(window, edge_now()), status=status, headers={"ETag": f'"{window.version}"'})


def _freeze(freeze: Freeze, *, status: int = 200) -> Response:
    return Response(freeze_out(freeze), status=status, headers={"ETag": f'"{freeze.version}"'})

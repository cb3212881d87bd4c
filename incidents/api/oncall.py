"""The API of on-call schedules."""

from __future__ import annotations

from datetime import datetime, timedelta

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.oncall_bodies import ScheduleBody, SchedulePatch, ScheduleRetireBody, settings_in
from incidents.api.oncall_out import (
    OnCallOut,
    ScheduleOut,
    SchedulePage,
    ShiftsOut,
    on_call_out,
    schedule_out,
    schedule_row,
    shifts_out,
)
from incidents.models import Schedule
from incidents.oncall.roles import ROLES
from incidents.selectors.oncall import final_schedule_of, on_call_at, settings_of
from incidents.services.oncall import schedule_create, schedule_retire, schedule_revise
from incidents.states import SCHEDULE
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound

AREA = "oncall"
LONGEST = timedelta(days=400)
USUAL = timedelta(days=28)
ORDERINGS = {
    **both_ways("name", "id", word="name"),
    **both_ways("updated_at", "id", word="updated_at"),
}


def schedule_named(slug: str) -> Schedule:
    """Return the schedule with its team. Raises `NotFound`."""
    found = Schedule.objects.select_related("team").filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


class ScheduleList(ApiView):
    """On-call schedules."""

    area = AREA

    @extend_schema(
        operation_id="oncall_schedules_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(SCHEDULE.states)),
            OpenApiParameter("team", str, description="Only those of this team (slug)."),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int, description="1 to 200"),
            OpenApiParameter("cursor", str),
        ],
        responses=SchedulePage,
    )
    def get(self, request: Request) -> Response:
        """List schedules, retired ones too."""
        query = Query(request, {"state", "team"})
        rows = Schedule.objects.select_related("team")
        if state := query.choice("state", SCHEDULE.states):
            rows = rows.filter(state=state)
        if team := query.text("team"):
            rows = rows.filter(team__slug=team)
        return self.page(rows, schedule_row, ordering=ORDERINGS, default="name")

    @extend_schema(request=ScheduleBody, responses={201: ScheduleOut})
    def post(self, request: Request) -> Response:
        """Write a new schedule. Its settings hold from now on."""
        Query(request, paged=False)
        body = settings_in(read_body(request, ScheduleBody))
        return _schedule(schedule_create(actor=self.actor, now=edge_now(), **body), status=201)


class ScheduleDetail(ApiView):
    """One on-call schedule."""

    area = AREA

    @extend_schema(responses=ScheduleOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a schedule with its present settings. Its ETag is its version."""
        Query(request, paged=False)
        return _schedule(schedule_named(slug))

    @extend_schema(request=SchedulePatch, responses=ScheduleOut)
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given, from now on; what was before stays as it was."""
        Query(request, paged=False)
        body = settings_in(read_body(request, SchedulePatch, partial=True))
        version = expected_version(request, body)
        return _schedule(
            schedule_revise(actor=self.actor, now=edge_now(), slug=slug, version=version, **body)
        )


class ScheduleRetire(ApiView):
    """Taking a schedule out of use."""

    area = AREA

    @extend_schema(request=ScheduleRetireBody, responses=ScheduleOut)
    def post(self, request: Request, slug: str) -> Response:
        """Retire a schedule for good: nobody is on call by it from now on. Its past stays."""
        Query(request, paged=False)
        body = read_body(request, ScheduleRetireBody)
        version = expected_version(request, body)
        return _schedule(
            schedule_retire(actor=self.actor, now=edge_now(), slug=slug, version=version, **body)
        )


class ScheduleOnCall(ApiView):
    """Who is on call."""

    area = AREA

    @extend_schema(
        parameters=[
            OpenApiParameter("at", str, description="At this time; now where it is left out."),
            OpenApiParameter("role", str, enum=list(ROLES)),
        ],
        responses=OnCallOut,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Tell who is on call at an instant, by the settings as they were then."""
        query = Query(request, {"at", "role"}, paged=False)
        schedule = schedule_named(slug)
        at = query.moment("at") or edge_now()
        role = query.choice("role", ROLES)
        return Response(on_call_out(schedule, at, on_call_at(slug, at, role or None)))


class ScheduleShifts(ApiView):
    """The final schedule."""

    area = AREA

    @extend_schema(
        parameters=[
            OpenApiParameter("from", str, description="Now where it is left out."),
            OpenApiParameter("to", str, description="28 days later where it is left out; 400 at most."),
        ],
        responses=ShiftsOut,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Tell who is on call when and why, without a break: gaps are in it, and listed once more."""
        query = Query(request, {"from", "to"}, paged=False)
        schedule = schedule_named(slug)
        start, end = _period(query)
        return Response(shifts_out(schedule, start, end, final_schedule_of(schedule, start, end)))


def _period(query: Query) -> tuple[datetime, datetime]:
    start = query.moment("from") or edge_now()
    end = query.moment("to") or start + USUAL
    if end <= start:
        raise InvalidInput.of("to", "ends_before_start", "Must be after “from”.")
    if end - start > LONGEST:
        raise InvalidInput.of("to", "too_long", f"At most {LONGEST.days} days after “from”.")
    return start, end


def _schedule(schedule: Schedule, status: int = 200) -> Response:
    body = schedule_out(schedule, settings_of(schedule))
    return Response(body, status=status, headers={"ETag": f'"{schedule.version}"'})

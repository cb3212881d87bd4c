"""The API of swaps, shadows, handovers, hours and quality, and the calendar file of a schedule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.roster_bodies import (
    HandoverBody,
    NotesBody,
    ShadowBody,
    StepBody,
    SwapBody,
    TakeBody,
    VersionBody,
)
from incidents.api.roster_out import (
    HandoverOut,
    HandoverPage,
    HoursOut,
    QualityOut,
    ShadowOut,
    ShadowsOut,
    SwapOut,
    SwapPage,
    handover_out,
    hours_out,
    quality_out,
    shadow_out,
    swap_out,
)
from incidents.models import ShiftSwap
from incidents.roster.spans import Span
from incidents.selectors.roster import (
    handover_seen,
    handovers_loaded,
    quality_of,
    schedule_entries,
    schedule_seen,
    shadows_around,
    swap_seen,
    swaps_loaded,
)
from incidents.services.roster.handovers import (
    handover_note,
    handover_open,
    handover_sign,
    handover_tick,
)
from incidents.services.roster.hours import hours_seen
from incidents.services.roster.publishing import AHEAD, BACK
from incidents.services.roster.shadows import shadow_end, shadow_start
from incidents.services.roster.swaps import (
    shift_take,
    swap_offer,
    swap_take,
    swap_undo,
    swap_withdraw,
)
from incidents.states import HANDOVER, SWAP
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.calendar.feed_text import CONTENT_TYPE, answer
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput

AREA = "oncall"
LONGEST = timedelta(days=400)
USUAL = timedelta(days=31)
SWAP_ORDERINGS = {
    **both_ways("starts_at", "id", word="start"),
    **both_ways("created_at", "id", word="created_at"),
}
HANDOVER_ORDERINGS = both_ways("at", "id", word="at")
_PAGING = [
    OpenApiParameter("schedule", str, description="Slug."),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]


class ScheduleCalendar(ApiView):
    """A schedule as a calendar file."""

    area = AREA
    gives = ("text/calendar",)

    @extend_schema(
        operation_id="oncall_schedule_calendar",
        responses={(200, "text/calendar"): OpenApiTypes.STR, 304: None},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Give the shifts from 15 days back to 180 ahead as a calendar file (RFC 5545)."""
        Query(request, paged=False)
        schedule, now = schedule_seen(slug), edge_now()
        sent = answer(
            request.headers.get("If-None-Match", ""),
            schedule_entries(self.actor, slug, now - BACK, now + AHEAD),
            name=f"On call: {schedule.name}",
            address=settings.PUBLIC_URL,
            now=now,
        )
        headers = {"ETag": sent.etag, "Cache-Control": "private, no-cache"}
        if sent.content is None:
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(sent.content, content_type=CONTENT_TYPE, headers=headers)


class ScheduleHours(ApiView):
    """Hours by person."""

    area = AREA

    @extend_schema(
        operation_id="oncall_schedule_hours",
        parameters=[
            OpenApiParameter("from", str, required=True),
            OpenApiParameter("to", str, description="Not included; 31 days later where it is left out."),
        ],
        responses=HoursOut,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Tell who was, or will be, on call for how long, by day, night, weekend and holiday.

        A person sees their own hours; who leads the schedule's team, administrators, auditors and service
        accounts see those of everybody.
        """
        query = Query(request, {"from", "to"}, paged=False)
        schedule = schedule_seen(slug)
        start = query.moment("from")
        if start is None:
            raise InvalidInput.of("from", "required", "This is needed.")
        end = query.moment("to") or start + USUAL
        if end <= start:
            raise InvalidInput.of("to", "ends_before_start", "Must be after from.")
        if end - start > LONGEST:
            raise InvalidInput.of("to", "too_long", f"At most {LONGEST.days} days after from.")
        period = Span(start, end)
        seen = hours_seen(actor=self.actor, now=edge_now(), schedule=schedule, period=period)
        return Response(
            {
                "schedule": slug,
                "time_zone": schedule.time_zone,
                "start": utc(start),
                "end": utc(end),
                "people": hours_out(seen.people),
            }
        )


class ScheduleQuality(ApiView):
    """How good a roster is."""

    area = AREA

    @extend_schema(operation_id="oncall_schedule_quality", responses=QualityOut)
    def get(self, request: Request, slug: str) -> Response:
        """Tell gaps and lack of rest of 30 days, how even the coming year is, who is away or out of reach."""
        Query(request, paged=False)
        return Response(quality_out(slug, quality_of(schedule_seen(slug), edge_now())))


class ScheduleTake(ApiView):
    """Taking a shift over."""

    area = AREA

    @extend_schema(operation_id="oncall_schedule_take", request=TakeBody, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Take time on call over from somebody, from now or later on. They are told."""
        Query(request, paged=False)
        body = read_body(request, TakeBody)
        shift_take(actor=self.actor, now=edge_now(), schedule=slug, **body)
        return Response(status=204)


class ScheduleShadows(ApiView):
    """Who shadows."""

    area = AREA

    @extend_schema(operation_id="oncall_shadows", responses=ShadowsOut)
    def get(self, request: Request, slug: str) -> Response:
        """List who shadows now, or will."""
        Query(request, paged=False)
        rows = shadows_around(schedule_seen(slug), edge_now())
        return Response({"results": [shadow_out(row) for row in rows]})

    @extend_schema(operation_id="oncall_shadow_start", request=ShadowBody, responses={201: ShadowOut})
    def post(self, request: Request, slug: str) -> Response:
        """Let somebody shadow whoever is on call, or one person: they see and are told, and never paged."""
        Query(request, paged=False)
        body = read_body(request, ShadowBody)
        shadow = shadow_start(actor=self.actor, now=edge_now(), schedule=slug, **body)
        return Response(shadow_out(shadow), status=201)


class ShadowEnd(ApiView):
    """Ending a shadowing."""

    area = AREA

    @extend_schema(operation_id="oncall_shadow_end", request=None, responses=ShadowOut)
    def post(self, request: Request, number: str) -> Response:
        """End it now."""
        Query(request, paged=False)
        return Response(shadow_out(shadow_end(actor=self.actor, now=edge_now(), pk=int(number))))


class SwapList(ApiView):
    """Offered time on call."""

    area = AREA

    @extend_schema(
        operation_id="oncall_swaps",
        parameters=[
            OpenApiParameter("state", str, enum=list(SWAP.states)),
            OpenApiParameter("ordering", str, enum=sorted(SWAP_ORDERINGS)),
            *_PAGING,
        ],
        responses=SwapPage,
    )
    def get(self, request: Request) -> Response:
        """List offers, by their start."""
        query = Query(request, {"state", "schedule"})
        rows = swaps_loaded()
        if state := query.choice("state", SWAP.states):
            rows = rows.filter(state=state)
        if slug := query.text("schedule"):
            rows = rows.filter(schedule__slug=slug)
        return self.page(rows, swap_out, ordering=SWAP_ORDERINGS, default="start")

    @extend_schema(operation_id="oncall_swap_offer", request=SwapBody, responses={201: SwapOut})
    def post(self, request: Request) -> Response:
        """Offer one's own time on call to others. It stays one's own until somebody takes it."""
        Query(request, paged=False)
        swap = swap_offer(actor=self.actor, now=edge_now(), **read_body(request, SwapBody))
        return _swap(swap.pk, status=201)


class SwapDetail(ApiView):
    """One offer."""

    area = AREA

    @extend_schema(operation_id="oncall_swap", responses=SwapOut)
    def get(self, request: Request, number: str) -> Response:
        """Show an offer."""
        Query(request, paged=False)
        return _swap(int(number))


class SwapVerb(ApiView):
    """One step of an offer. `service` takes it."""

    area = AREA
    service: ClassVar[Callable[..., ShiftSwap]]

    def post(self, request: Request, number: str) -> Response:
        """Take the step and show the offer."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, VersionBody))
        self.service(actor=self.actor, now=edge_now(), pk=int(number), version=version)
        return _swap(int(number))


def _verb(verb: str, words: str, service: Callable[..., ShiftSwap]) -> type[SwapVerb]:
    parts = {"service": staticmethod(service), "__doc__": words}
    view = type(f"Swap{verb.title()}", (SwapVerb,), parts)
    schema = extend_schema(
        operation_id=f"oncall_swap_{verb}", description=words, request=VersionBody, responses=SwapOut
    )
    documented: type[SwapVerb] = extend_schema_view(post=schema)(view)
    return documented


SWAP_VERBS: dict[str, type[SwapVerb]] = {
    "take": _verb(
        "take", "Take it: from its start on, you are on call instead. Of two, one wins.", swap_take
    ),
    "withdraw": _verb("withdraw", "Take the offer back.", swap_withdraw),
    "undo": _verb("undo", "Give taken time back to whoever offered it.", swap_undo),
}
"""The endpoint of each step, by its place in the path."""


class HandoverList(ApiView):
    """Handovers."""

    area = AREA

    @extend_schema(
        operation_id="oncall_handovers",
        parameters=[
            OpenApiParameter("state", str, enum=list(HANDOVER.states)),
            OpenApiParameter("ordering", str, enum=sorted(HANDOVER_ORDERINGS)),
            *_PAGING,
        ],
        responses=HandoverPage,
    )
    def get(self, request: Request) -> Response:
        """List handovers, the newest first."""
        query = Query(request, {"state", "schedule"})
        rows = handovers_loaded()
        if state := query.choice("state", HANDOVER.states):
            rows = rows.filter(state=state)
        if slug := query.text("schedule"):
            rows = rows.filter(schedule__slug=slug)
        return self.page(rows, handover_out, ordering=HANDOVER_ORDERINGS, default="-at")

    @extend_schema(operation_id="oncall_handover_open", request=HandoverBody, responses={201: HandoverOut})
    def post(self, request: Request) -> Response:
        """Open a handover by hand. Those of the roster open by themselves, half an hour ahead."""
        Query(request, paged=False)
        handover = handover_open(actor=self.actor, now=edge_now(), **read_body(request, HandoverBody))
        return _handover(handover.pk, status=201)


class HandoverDetail(ApiView):
    """One handover."""

    area = AREA

    @extend_schema(operation_id="oncall_handover", responses=HandoverOut)
    def get(self, request: Request, number: str) -> Response:
        """Show a handover."""
        Query(request, paged=False)
        return _handover(int(number))


class HandoverVerb(ApiView):
    """One step of a handover. `service` takes it with what the body says."""

    area = AREA
    body: ClassVar[type[Body]]
    service: ClassVar[Callable[..., Any]]

    def post(self, request: Request, number: str) -> Response:
        """Take the step and show the handover."""
        Query(request, paged=False)
        body = read_body(request, self.body)
        if self.body is NotesBody:
            body["version"] = expected_version(request, body)
        self.service(actor=self.actor, now=edge_now(), pk=int(number), **body)
        return _handover(int(number))


def _handover_verb(
    verb: str, words: str, service: Callable[..., Any], body: type[Body]
) -> type[HandoverVerb]:
    parts = {"service": staticmethod(service), "body": body, "__doc__": words}
    view = type(f"Handover{verb.title()}", (HandoverVerb,), parts)
    schema = extend_schema(
        operation_id=f"oncall_handover_{verb}", description=words, request=body, responses=HandoverOut
    )
    documented: type[HandoverVerb] = extend_schema_view(post=schema)(view)
    return documented


class EmptyBody(Body):
    """Nothing to say."""


HANDOVER_VERBS: dict[str, type[HandoverVerb]] = {
    "steps": _handover_verb("steps", "Say that a step of the list is done, or not.", handover_tick, StepBody),
    "notes": _handover_verb("notes", "Write the notes.", handover_note, NotesBody),
    "sign": _handover_verb(
        "sign", "Sign it; the second of both signatures completes it.", handover_sign, EmptyBody
    ),
}
"""The endpoint of each step, by its place in the path."""


def _swap(pk: int, status: int = 200) -> Response:
    swap = swap_seen(pk)
    return Response(swap_out(swap), status=status, headers={"ETag": f'"{swap.version}"'})


def _handover(pk: int, status: int = 200) -> Response:
    handover = handover_seen(pk)
    return Response(handover_out(handover), status=status, headers={"ETag": f'"{handover.version}"'})

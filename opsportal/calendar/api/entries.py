"""The API of the calendar: what takes place when, as JSON and as a calendar file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.query import Query
from opsportal.api.serializers import Body, Flag, Moment, Text, utc
from opsportal.api.views import ApiView
from opsportal.calendar.feed_text import CONTENT_TYPE, answer
from opsportal.calendar.selectors import Wanted, entries_between
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.core.registry import CalendarEntry

KINDS = ("change", "window", "freeze", "meeting", "obligation")
USUAL = timedelta(days=31)
LONGEST = timedelta(days=400)
PARAMETERS = [
    OpenApiParameter("from", str, description="Aware time; now where it is left out."),
    OpenApiParameter("to", str, description="Not included; at most 400 days later, 31 where it is left out."),
    OpenApiParameter("kind", str, enum=KINDS, many=True),
    OpenApiParameter("service", str, description="Slug. What is for every service stays in."),
    OpenApiParameter("environment", str, description="Slug. What is for every environment stays in."),
]


class EntryOut(Body):
    """One thing of the calendar."""

    key = Text(max_length=120)
    title = Text(max_length=500)
    kind = serializers.ChoiceField(KINDS)
    start = Moment()
    end = Moment(help_text="Not included; the same as the start for an instant.")
    url = Text(max_length=2_000)
    state = Text(max_length=40)
    cancelled = Flag()
    services = serializers.ListField(child=Text(max_length=60), help_text="None: all of them.")
    environments = serializers.ListField(child=Text(max_length=60), help_text="None: all of them.")


class EntriesOut(Body):
    """What takes place between two instants, by start: one page, whatever there is."""

    start = Moment()
    end = Moment()
    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = EntryOut(many=True)


class CalendarEntries(ApiView):
    """The calendar."""

    area = "changes"

    @extend_schema(operation_id="calendar", parameters=PARAMETERS, responses=EntriesOut)
    def get(self, request: Request) -> Response:
        """List changes with a window, maintenance windows, freezes, meetings, and what you owe."""
        start, end, wanted = _asked(request)
        found = entries_between(self.actor, start, end, wanted)
        results = [entry_out(one) for one in found]
        period = {"start": utc(start), "end": utc(end)}
        return Response({**period, "next": None, "previous": None, "results": results})


class CalendarFile(ApiView):
    """The calendar as a file."""

    area = "changes"
    gives = ("text/calendar",)

    @extend_schema(
        operation_id="calendar_file",
        parameters=PARAMETERS,
        responses={(200, "text/calendar"): OpenApiTypes.STR, 304: None},
    )
    def get(self, request: Request) -> HttpResponse:
        """Give the same as a calendar file (RFC 5545)."""
        start, end, wanted = _asked(request)
        sent = answer(
            request.headers.get("If-None-Match", ""),
            entries_between(self.actor, start, end, wanted),
            name="opsportal",
            address=settings.PUBLIC_URL,
            now=edge_now(),
        )
        headers = {"ETag": sent.etag, "Cache-Control": "private, no-cache"}
        if sent.content is None:
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(sent.content, content_type=CONTENT_TYPE, headers=headers)


def entry_out(entry: CalendarEntry) -> dict[str, Any]:
    """Return what the API says of an entry."""
    return {
        "key": entry.key,
        "title": entry.title,
        "kind": entry.kind,
        "start": utc(entry.start),
        "end": utc(entry.end),
        "url": settings.PUBLIC_URL + entry.url,
        "state": entry.state,
        "cancelled": entry.cancelled,
        "services": list(entry.services),
        "environments": list(entry.environments),
    }


def _asked(request: Request) -> tuple[datetime, datetime, Wanted]:
    names = {"from", "to", "kind", "service", "environment"}
    query = Query(request, names, paged=False, repeated={"kind"})
    start = query.moment("from") or edge_now()
    end = query.moment("to") or start + USUAL
    if end <= start:
        raise InvalidInput.of("to", "ends_before_start", "Must be after from.")
    if end - start > LONGEST:
        raise InvalidInput.of("to", "too_long", f"At most {LONGEST.days} days after from.")
    kinds = query.texts("kind")
    if unknown := set(kinds) - set(KINDS):
        raise InvalidInput.of("kind", "unknown", f"Not known: {', '.join(sorted(unknown))}.")
    wanted = Wanted(tuple(kinds), query.text("service"), query.text("environment"))
    return start, end, wanted

"""The API of break-glass: asking for it, the second person's word, and ending it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import IF_MATCH
from changes.api.changes_bodies import SLUG, MoveBody, NeededReasonBody, ReasonBody
from changes.api.changes_out import PersonOut, person_out
from changes.models import BreakGlass
from changes.models.break_glass import LONGEST, SHORTEST
from changes.selectors.break_glass import GLASS_ORDERINGS, glass_by_key, glasses_loaded
from changes.services.break_glass import (
    break_glass_ask,
    break_glass_confirm,
    break_glass_refuse,
    break_glass_revoke,
)
from changes.services.break_glass_fields import MAX_REASON, MAX_SERVICES
from changes.states import BREAK_GLASS
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

KEY = 30
FILTERS = [
    OpenApiParameter("state", str, enum=list(BREAK_GLASS.states)),
    OpenApiParameter("ordering", str, enum=sorted(GLASS_ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]


class BreakGlassBody(Body):
    """What is asked: for which services in which environment, why, and for how long."""

    services = serializers.ListField(
        child=Text(max_length=SLUG, blank=False), max_length=MAX_SERVICES, help_text="Slugs."
    )
    environment = Text(max_length=SLUG, blank=False, help_text="Slug.")
    reason = Text(max_length=MAX_REASON, lines=True, blank=False)
    minutes = WholeNumber(
        min_value=int(SHORTEST.total_seconds()) // 60,
        max_value=int(LONGEST.total_seconds()) // 60,
        help_text="How long it is in force from its confirmation on.",
    )


class BreakGlassOut(Body):
    """A break-glass request, and what became of it."""

    key = Text(max_length=KEY)
    state = serializers.ChoiceField(BREAK_GLASS.choices)
    services = serializers.ListField(child=Text(max_length=SLUG))
    environment = Text(max_length=SLUG)
    reason = Text(max_length=MAX_REASON)
    minutes = WholeNumber()
    asked_by = PersonOut()
    asked_at = Moment()
    confirmed_by = PersonOut(allow_null=True, help_text="The second person.")
    confirmed_at = Moment(allow_null=True)
    ends_at = Moment(
        allow_null=True, help_text="From then on nothing passes, whether or not `state` says so."
    )
    over_by = PersonOut(allow_null=True, help_text="Nobody where it ended by itself.")
    over_at = Moment(allow_null=True)
    over_reason = Text(max_length=MAX_REASON)
    change = Text(max_length=KEY, allow_null=True, help_text="The emergency change that was opened for it.")
    url = Text(max_length=500, help_text="Its page, for people.")
    updated_at = Moment()
    version = WholeNumber()


class BreakGlassPage(Body):
    """One page of break-glass requests."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = BreakGlassOut(many=True)


def break_glass_out(glass: BreakGlass) -> dict[str, Any]:
    """Return what the API says of a request from `glasses_loaded`."""
    return {
        "key": glass.key,
        "state": glass.state,
        "services": sorted(row.service.slug for row in glass.named.all()),
        "environment": glass.environment.slug,
        "reason": glass.reason,
        "minutes": glass.minutes,
        "asked_by": person_out(glass.asked_by),
        "asked_at": utc(glass.asked_at),
        "confirmed_by": person_out(glass.confirmed_by),
        "confirmed_at": utc(glass.confirmed_at),
        "ends_at": utc(glass.ends_at),
        "over_by": person_out(glass.over_by),
        "over_at": utc(glass.over_at),
        "over_reason": glass.over_reason,
        "change": glass.change_key or None,
        "url": f"{settings.PUBLIC_URL}/break-glass/{glass.key}/",
        "updated_at": utc(glass.updated_at),
        "version": glass.version,
    }


def _answer(key: str, *, status: int = 200) -> Response:
    glass = glass_by_key(key)
    return Response(break_glass_out(glass), status=status, headers={"ETag": f'"{glass.version}"'})


class BreakGlassList(ApiView):
    """Break-glass requests."""

    area = "changes"

    @extend_schema(operation_id="break_glass_list", parameters=FILTERS, responses=BreakGlassPage)
    def get(self, request: Request) -> Response:
        """List break-glass requests, newest first."""
        query = Query(request, {"state"})
        rows, state = glasses_loaded(), query.choice("state", BREAK_GLASS.states)
        rows = rows.filter(state=state) if state else rows
        return self.page(rows, break_glass_out, ordering=GLASS_ORDERINGS, default="-asked_at")

    @extend_schema(operation_id="break_glass_ask", request=BreakGlassBody, responses={201: BreakGlassOut})
    def post(self, request: Request) -> Response:
        """Ask to break the glass. Only people can; nothing passes until a second person confirms it."""
        Query(request, paged=False)
        body = read_body(request, BreakGlassBody)
        glass = break_glass_ask(actor=self.actor, now=edge_now(), fields=body)
        response = _answer(glass.key, status=201)
        response["Location"] = f"/api/v1/break-glass/{glass.key}/"
        return response


class BreakGlassDetail(ApiView):
    """One break-glass request."""

    area = "changes"

    @extend_schema(operation_id="break_glass_retrieve", responses=BreakGlassOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a break-glass request."""
        Query(request, paged=False)
        return _answer(key)


class BreakGlassVerb(ApiView):
    """One step of a request. `service` takes it."""

    area = "changes"
    body: ClassVar[type[Body]]
    service: ClassVar[Callable[..., BreakGlass]]

    def post(self, request: Request, key: str) -> Response:
        """Take the step and show the request."""
        Query(request, paged=False)
        body = read_body(request, self.body)
        version = expected_version(request, body)
        glass = glass_by_key(key)
        self.service(actor=self.actor, now=edge_now(), pk=glass.pk, version=version, **body)
        return _answer(key)


def _verb(
    verb: str, words: str, service: Callable[..., BreakGlass], body: type[Body]
) -> type[BreakGlassVerb]:
    parts = {"body": body, "service": staticmethod(service), "__doc__": words}
    view = type(f"BreakGlass{verb.title()}", (BreakGlassVerb,), parts)
    schema = extend_schema(
        operation_id=f"break_glass_{verb}",
        description=words,
        parameters=[IF_MATCH],
        request=body,
        responses=BreakGlassOut,
    )
    documented: type[BreakGlassVerb] = extend_schema_view(post=schema)(view)
    return documented


VERBS: dict[str, type[BreakGlassVerb]] = {
    "confirm": _verb(
        "confirm",
        "Put it in force for its time, as the second person. An emergency change is opened for it.",
        break_glass_confirm,
        MoveBody,
    ),
    "refuse": _verb("refuse", "Refuse it, as the second person.", break_glass_refuse, NeededReasonBody),
    "revoke": _verb("revoke", "End it at once, or take it back.", break_glass_revoke, ReasonBody),
}
"""The endpoint of each step, by its place in the path."""

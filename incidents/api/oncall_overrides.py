"""The API of exceptions from on-call schedules."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.oncall import AREA, schedule_named
from incidents.api.oncall_bodies import OverrideBody
from incidents.api.oncall_out import OverrideOut, OverridePage, override_out, people_names
from incidents.models import Override
from incidents.services.oncall import override_cancel, override_create
from incidents.states import OVERRIDE
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound

ORDERINGS = both_ways("id", word="id")


class OverrideList(ApiView):
    """Exceptions from a schedule."""

    area = AREA

    @extend_schema(
        operation_id="oncall_overrides_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(OVERRIDE.states)),
            OpenApiParameter("from", str, description="Only those that end after this time."),
            OpenApiParameter("to", str, description="Only those that begin before this time."),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int, description="1 to 200"),
            OpenApiParameter("cursor", str),
        ],
        responses=OverridePage,
    )
    def get(self, request: Request, slug: str) -> Response:
        """List exceptions, the one created last first: it wins where they overlap."""
        query = Query(request, {"state", "from", "to"})
        rows = Override.objects.filter(schedule=schedule_named(slug))
        if state := query.choice("state", OVERRIDE.states):
            rows = rows.filter(state=state)
        if start := query.moment("from"):
            rows = rows.filter(ends_at__gt=start)
        if end := query.moment("to"):
            rows = rows.filter(starts_at__lt=end)
        page = self.page(rows, lambda row: {"row": row}, ordering=ORDERINGS, default="-id")
        found: list[Override] = [one["row"] for one in page.data["results"]]
        names = people_names({person for row in found for person in (*row.people, row.instead_of)})
        page.data["results"] = [override_out(row, names) for row in found]
        return page

    @extend_schema(request=OverrideBody, responses={201: OverrideOut})
    def post(self, request: Request, slug: str) -> Response:
        """Make an exception. What was until now stays as it was."""
        Query(request, paged=False)
        body = read_body(request, OverrideBody)
        row = override_create(actor=self.actor, now=edge_now(), schedule=slug, **body)
        return Response(override_out(row), status=201)


class OverrideCancel(ApiView):
    """Cancelling an exception."""

    area = AREA

    @extend_schema(request=None, responses=OverrideOut)
    def post(self, request: Request, slug: str, number: str) -> Response:
        """Let an exception have no effect from now on; what it did before stays."""
        Query(request, paged=False)
        if not Override.objects.filter(pk=int(number), schedule__slug=slug).exists():
            raise NotFound("There is no such exception from this schedule.")
        return Response(override_out(override_cancel(actor=self.actor, now=edge_now(), pk=int(number))))

"""The API of standards: what is stored, what is active, rule by rule."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import utc
from opsportal.api.views import ApiView
from opsportal.standards.api.serializers import StandardOut, StandardPage, row_out, standard_out
from opsportal.standards.selectors import (
    active_standard_or_none,
    in_force,
    in_force_or_none,
    standard_by_hash,
    versions,
)

ORDERINGS = both_ways("stored_at", "id", word="stored_at")


class StandardList(ApiView):
    """Standards."""

    area = "standards"

    @extend_schema(
        operation_id="standards_list",
        parameters=[
            OpenApiParameter("name", str, description="Only versions of this standard."),
            OpenApiParameter("updated_since", str, description="Only what was stored at or after this time."),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=StandardPage,
    )
    def get(self, request: Request) -> Response:
        """List the stored versions of standards, newest first."""
        query = Query(request, {"name", "updated_since"})
        rows = versions()
        if name := query.text("name"):
            rows = rows.filter(name=name)
        if since := query.moment("updated_since"):
            rows = rows.filter(stored_at__gte=since)
        active = active_standard_or_none()
        active_hash = active.content_hash if active else ""
        return self.page(
            rows, lambda row: row_out(row, active_hash), ordering=ORDERINGS, default="-stored_at"
        )


class ActiveStandard(ApiView):
    """The active standard."""

    area = "standards"

    @extend_schema(responses=StandardOut)
    def get(self, request: Request) -> Response:
        """Show the active standard with all its rules."""
        Query(request, paged=False)
        now_in_force = in_force()
        return Response(
            {
                **standard_out(now_in_force.standard),
                "active": True,
                "active_since": utc(now_in_force.since),
            },
            headers={"ETag": f'"{now_in_force.standard.content_hash}"'},
        )


class StandardDetail(ApiView):
    """One stored version of a standard."""

    area = "standards"

    @extend_schema(responses=StandardOut)
    def get(self, request: Request, content_hash: str) -> Response:
        """Show a standard by its hash, such as the one that a change was submitted under."""
        Query(request, paged=False)
        standard = standard_by_hash(content_hash)
        now_in_force = in_force_or_none()
        is_active = now_in_force is not None and now_in_force.standard == standard
        since = now_in_force.since if now_in_force and is_active else None
        return Response(
            {**standard_out(standard), "active": is_active, "active_since": utc(since)},
            headers={"ETag": f'"{content_hash}"'},
        )

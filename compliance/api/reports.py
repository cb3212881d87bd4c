"""Reports by API: as JSON, or with `format=csv` the rows that they count."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.selectors.reports import REPORTS, period
from opsportal.api.query import Query
from opsportal.api.serializers import utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.web.tables import table_response

FORMS = ("json", "csv")
NAMES = tuple(REPORTS)


class ReportView(ApiView):
    """One report."""

    area = "compliance"
    gives = ("text/csv",)

    @extend_schema(
        operation_id="reports_retrieve",
        parameters=[
            OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(NAMES)),
            OpenApiParameter("from", str, description="A time; 90 days before `to` where it is missing."),
            OpenApiParameter("to", str, description="A time, not included; now where it is missing."),
            OpenApiParameter("format", str, enum=list(FORMS), description="csv: the rows that it counts."),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, name: str) -> Any:
        """Draw up a report on a time of 366 days at most; shares go from 0 to 1, null of nothing."""
        query = Query(request, {"from", "to", "format"}, paged=False)
        form = query.choice("format", FORMS)
        now = edge_now()
        start, end = period(query.moment("from"), query.moment("to"), now)
        report = REPORTS[name](self.actor, now, start, end)
        if form == "csv":
            return table_response(f"report-{name}", report.columns, report.rows, form="csv")
        return Response({"report": name, "from": utc(start), "to": utc(end), **report.data})

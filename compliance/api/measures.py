"""The API of measurements."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.measures_bodies import (
    AddedOut,
    BatchParser,
    FiguresOut,
    MeasurementBody,
    MeasurementPage,
    SeriesPage,
    added_out,
    measurement_out,
    series_out,
)
from compliance.models import Measurement, Series
from compliance.selectors.measures.figures import known_figures
from compliance.services.measures.adding import measurements_add
from incidents.api.runbooks import PAGING
from opsportal.api.query import Query
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput

SERIES_ORDERINGS = {"figure": ("figure", "id"), "-created_at": ("-created_at", "-id")}
POINT_ORDERINGS = {"at": ("at", "id"), "-at": ("-at", "-id")}
NARROWED = [
    OpenApiParameter("figure", str, description="The id of a figure."),
    OpenApiParameter("service", str, description="The slug of a service; `-` for the organisation."),
    OpenApiParameter("component", str),
    OpenApiParameter("source", str, description="api, portal, or pull:<slug>."),
]
_NAMES = ("figure", "service", "component", "source")


def _narrowed(query: Query) -> dict[str, str]:
    found = {}
    for name in _NAMES:
        if value := query.text(name):
            column = "subject_key" if name == "service" else name
            found[column] = "" if (name, value) == ("service", "-") else value
    return found


class Measurements(ApiView):
    """Measurements."""

    area = "measurements"
    parser_classes = [BatchParser]

    @extend_schema(
        operation_id="measurements_list",
        parameters=[
            *NARROWED,
            OpenApiParameter("from", str, description="A time."),
            OpenApiParameter("to", str, description="A time, not included."),
            OpenApiParameter("ordering", str, enum=sorted(POINT_ORDERINGS)),
            *PAGING,
        ],
        responses=MeasurementPage,
    )
    def get(self, request: Request) -> Response:
        """List the points of one figure, newest first; the figure must be named."""
        query = Query(request, {*_NAMES, "from", "to"})
        narrowed = _narrowed(query)
        if "figure" not in narrowed:
            raise InvalidInput.of(
                "figure", "required", "Name a figure: there may be a hundred million points."
            )
        series = list(Series.objects.filter(**narrowed).values_list("pk", flat=True)[:500])
        rows = Measurement.objects.filter(series__in=series).select_related("series")
        if start := query.moment("from"):
            rows = rows.filter(at__gte=start)
        if end := query.moment("to"):
            rows = rows.filter(at__lt=end)
        return self.page(rows, measurement_out, ordering=POINT_ORDERINGS, default="-at", changed=("at",))

    @extend_schema(
        operation_id="measurements_add",
        request=MeasurementBody,
        responses={201: AddedOut},
        description="Take one measurement, or an array of up to 10,000. Rows that are valid are kept whatever"
        " the others are; those that are not are told by their place. 400 where none is valid. A point that"
        " stands already, by figure, subject, source and time, is not stored twice.",
    )
    def post(self, request: Request) -> Response:
        """Take measurements."""
        Query(request, paged=False)
        given: object = request.data
        is_batch = isinstance(given, list)
        rows = given if isinstance(given, list) else [given]
        added = measurements_add(actor=self.actor, now=edge_now(), rows=rows, is_batch=is_batch)
        return Response(added_out(added), status=201)


class SeriesList(ApiView):
    """Series."""

    area = "measurements"

    @extend_schema(
        operation_id="measurements_series",
        parameters=[*NARROWED, OpenApiParameter("ordering", str, enum=sorted(SERIES_ORDERINGS)), *PAGING],
        responses=SeriesPage,
    )
    def get(self, request: Request) -> Response:
        """List what is measured of whom, and by which source."""
        rows = Series.objects.filter(**_narrowed(Query(request, _NAMES)))
        return self.page(
            rows, series_out, ordering=SERIES_ORDERINGS, default="figure", changed=("created_at",)
        )


class Figures(ApiView):
    """Figures."""

    area = "measurements"

    @extend_schema(operation_id="measurements_figures", responses=FiguresOut)
    def get(self, request: Request) -> Response:
        """List the figures that may be measured, and those that the portal computes."""
        Query(request, paged=False)
        results = [
            {
                "id": one.id,
                "title": one.title,
                "unit": one.unit,
                "least": None if one.is_own else one.limits.least,
                "most": None if one.is_own else one.limits.most,
                "computed": one.is_own,
            }
            for one in sorted(known_figures().values(), key=lambda one: (one.is_own, one.id))
        ]
        return Response({"results": results})

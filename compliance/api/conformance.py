"""The API of conformance: each rule of the standard in force, and how it stands."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.judging import STATUS_CHOICES, STATUSES
from compliance.models import ConformanceState, Framework
from compliance.selectors.conformance import (
    Line,
    Month,
    Wanted,
    line_of,
    lines_of,
    months_of,
    rules_of_framework,
    tally,
)
from opsportal.api.query import Query
from opsportal.api.views import ApiView
from opsportal.catalog.models import Service
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.standards.selectors import active_standard

KINDS = ("gate", "obligation", "target", "duty")


class RecordOut(serializers.Serializer[Any]):
    """A record that proves it."""

    kind = serializers.CharField()
    key = serializers.CharField()


class SubjectOut(serializers.Serializer[Any]):
    """How a rule stands for one subject; kind and key are empty for the organisation."""

    kind = serializers.CharField()
    key = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    since = serializers.DateTimeField()
    value = serializers.CharField()
    target = serializers.CharField()
    because = serializers.CharField()
    deliverer = serializers.CharField(help_text="Who has to deliver what is missing.")
    evidence = RecordOut(many=True)


class ConformanceOut(serializers.Serializer[Any]):
    """One rule."""

    rule = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    since = serializers.DateTimeField(allow_null=True)
    trend = serializers.ChoiceField(
        choices=["", "better", "worse", "steady"],
        help_text="Against 30 days ago, where that is known.",
    )
    because = serializers.CharField()
    subjects = SubjectOut(many=True)


class ConformanceListOut(serializers.Serializer[Any]):
    """All rules that were asked for, in the order of the standard: one page, whatever there is."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    standard = serializers.CharField()
    hash = serializers.CharField()
    met = serializers.IntegerField()
    breached = serializers.IntegerField()
    no_data = serializers.IntegerField()
    results = ConformanceOut(many=True)


class MonthOut(serializers.Serializer[Any]):
    """A calendar month (UTC)."""

    month = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    met_percent = serializers.IntegerField(allow_null=True, help_text="Of the time with data.")
    data_percent = serializers.IntegerField(
        allow_null=True, help_text="How much of the month there was data, since it was looked at first."
    )


class ConformanceDetailOut(ConformanceOut):
    """One rule with its last twelve months."""

    months = MonthOut(many=True)


class ConformanceList(ApiView):
    """Conformance."""

    area = "compliance"

    @extend_schema(
        operation_id="conformance_list",
        parameters=[
            OpenApiParameter("status", str, enum=list(STATUSES)),
            OpenApiParameter("kind", str, enum=list(KINDS)),
            OpenApiParameter("service", str, description="Only what concerns this service (slug)."),
            OpenApiParameter("framework", str, description="Only rules by which its controls are judged."),
        ],
        responses=ConformanceListOut,
    )
    def get(self, request: Request) -> Response:
        """List the rules of the standard in force: met, breached or without data, since when, and why."""
        query = Query(request, {"status", "kind", "service", "framework"}, paged=False)
        service = query.text("service")
        if service and not Service.objects.filter(slug=service).exists():
            raise InvalidInput.of("service", "unknown", "There is no service of this slug.")
        framework = query.text("framework")
        if framework and not Framework.objects.filter(slug=framework).exists():
            raise InvalidInput.of("framework", "unknown", "There is no framework of this slug.")
        wanted = Wanted(
            status=query.choice("status", STATUSES),
            kind=query.choice("kind", KINDS),
            service=service,
            rules=rules_of_framework(framework) if framework else None,
        )
        standard = active_standard()
        lines = lines_of(standard, wanted, edge_now())
        return Response(
            {
                "standard": standard.name,
                "hash": standard.content_hash,
                **tally(lines),
                "next": None,
                "previous": None,
                "results": [_line_out(line) for line in lines],
            }
        )


class ConformanceDetail(ApiView):
    """One rule."""

    area = "compliance"

    @extend_schema(operation_id="conformance_retrieve", responses=ConformanceDetailOut)
    def get(self, request: Request, rule: str) -> Response:
        """Show how one rule of the standard in force stands, and its last twelve months."""
        Query(request, paged=False)
        found = active_standard().rule(rule)
        if found is None:
            raise NotFound("The standard in force has no rule of this id.")
        months = [_month_out(month) for month in months_of(found, edge_now())]
        return Response({**_line_out(line_of(found)), "months": months})


def _line_out(line: Line) -> dict[str, Any]:
    return {
        "rule": line.rule.id,
        "title": line.rule.title,
        "kind": line.rule.kind,
        "status": line.status,
        "since": line.since,
        "trend": line.trend,
        "because": line.because,
        "subjects": [_subject_out(row) for row in line.states],
    }


def _subject_out(row: ConformanceState) -> dict[str, Any]:
    return {
        "kind": row.subject_kind,
        "key": row.subject_key,
        "title": row.subject_title,
        "status": row.status,
        "since": row.since,
        "value": row.value,
        "target": row.target,
        "because": row.because,
        "deliverer": row.deliverer,
        "evidence": [{"kind": kind, "key": key} for kind, key in row.records],
    }


def _month_out(month: Month) -> dict[str, Any]:
    return {
        "month": f"{month.start:%Y-%m}",
        "status": month.status,
        "met_percent": month.met_percent,
        "data_percent": month.data_percent,
    }

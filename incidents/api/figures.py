"""The report on incidents by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.learning.figures import Summary
from incidents.learning.report import Report
from incidents.learning.sheet import COLUMNS, cells
from incidents.selectors.figures import (
    LONGEST,
    alert_rules,
    incident_report,
    incident_rows,
    missed_clocks,
)
from incidents.severities import SEVERITIES
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.web.csv import csv_response

USUAL = timedelta(days=90)


class SummaryOut(Body):
    """How long something took, in whole seconds, over so many incidents; null of none."""

    count = WholeNumber()
    mean = WholeNumber(allow_null=True)
    median = WholeNumber(allow_null=True)
    p90 = WholeNumber(allow_null=True)


class TimesOut(Body):
    """Times to detect (from when the first alert says that it began), acknowledge (from the declaration) and
    resolve (from the detection)."""

    detect = SummaryOut()
    acknowledge = SummaryOut()
    resolve = SummaryOut()


class GroupOut(Body):
    """The same of one severity or service."""

    name = Text(max_length=60)
    count = WholeNumber()
    times = TimesOut()


class BusFactorOut(Body):
    """How few people acknowledged 80 % of the incidents of a service."""

    service = Text(max_length=60)
    people = WholeNumber()
    incidents = WholeNumber()


class AlertRuleOut(Body):
    """How often an alert rule fired, and how often that led to no incident and no acknowledgement."""

    name = Text(max_length=500)
    fired = WholeNumber()
    ignored = WholeNumber()


class MissedOut(Body):
    """How often a time of the standard was missed."""

    rule = Text(max_length=120)
    what = Text(max_length=300)
    count = WholeNumber()


class IncidentFiguresOut(Body):
    """What a report on incidents says, apart from its period by the names that other reports use."""

    start = Moment(help_text="The same as `from`.")
    end = Moment(help_text="The same as `to`.")
    count = WholeNumber()
    before = WholeNumber(help_text="Incidents of the period of the same length before.")
    times = TimesOut()
    severities = GroupOut(many=True)
    services = GroupOut(many=True)
    found_by_users = serializers.FloatField(allow_null=True)
    recurrence = serializers.FloatField(allow_null=True)
    action_completion = serializers.FloatField(allow_null=True)
    bus_factors = BusFactorOut(many=True)
    alert_rules = AlertRuleOut(many=True)
    missed = MissedOut(many=True)


# Reserved words cannot be attributes of a class.
IncidentReportOut = type(
    "IncidentReportOut",
    (IncidentFiguresOut,),
    {
        "__doc__": "The figures of the incidents declared in a period. Shares: 0 to 1, null of nothing.",
        "from": Moment(),
        "to": Moment(help_text="Not included."),
    },
)


class IncidentReport(ApiView):
    """The report on incidents."""

    area = "incidents"
    gives = ("text/csv",)

    @extend_schema(
        operation_id="reports_incidents",
        parameters=[
            OpenApiParameter("from", str, description="A time; 90 days before `to` where it is missing."),
            OpenApiParameter("to", str, description="A time, not included; now where it is missing."),
            OpenApiParameter("service", str, description="The slug of a service."),
            OpenApiParameter("severity", str, enum=list(SEVERITIES)),
            OpenApiParameter("format", str, enum=["json", "csv"], description="csv: the incidents."),
        ],
        responses=IncidentReportOut,
    )
    def get(self, request: Request) -> Any:
        """Draw up the figures of a period of a year at most."""
        query = Query(request, {"from", "to", "service", "severity", "format"}, paged=False)
        form = query.choice("format", ("json", "csv"))
        now = edge_now()
        end = query.moment("to") or now
        start = query.moment("from") or end - USUAL
        if not timedelta() < end - start <= LONGEST:
            raise InvalidInput.of("from", "out_of_range", "Must lie before `to`, by a year at most.")
        service, severity = query.text("service"), query.choice("severity", SEVERITIES)
        if form == "csv":
            rows = incident_rows(
                self.actor, now, start, end, service=service, severity=severity, before=timedelta()
            )
            return csv_response("incident-figures", COLUMNS, cells(rows))
        report = incident_report(self.actor, now, start, end, service=service, severity=severity)
        body = _report_out(report)
        body["alert_rules"] = [
            {"name": one.name, "fired": one.fired, "ignored": one.ignored}
            for one in alert_rules(self.actor, now, start, end)
        ]
        body["missed"] = [
            {"rule": one.rule, "what": one.what, "count": one.count} for one in missed_clocks(start, end)
        ]
        return Response(body)


def _report_out(report: Report) -> dict[str, Any]:
    return {
        "from": utc(report.start),
        "to": utc(report.end),
        "start": utc(report.start),
        "end": utc(report.end),
        "count": report.count,
        "before": report.before,
        "times": _times(report.overall),
        "severities": _groups(report, report.severities),
        "services": _groups(report, report.services),
        "found_by_users": report.found_by_users,
        "recurrence": report.recurrence,
        "action_completion": report.action_completion,
        "bus_factors": [
            {"service": one.service, "people": one.people, "incidents": one.incidents}
            for one in report.bus_factors
        ],
    }


def _groups(report: Report, groups: dict[str, dict[str, Summary]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "count": report.counts[name], "times": _times(its)} for name, its in groups.items()
    ]


def _times(summaries: dict[str, Summary]) -> dict[str, Any]:
    return {
        name: {
            "count": one.count,
            "mean": _seconds(one.mean),
            "median": _seconds(one.median),
            "p90": _seconds(one.p90),
        }
        for name, one in summaries.items()
    }


def _seconds(span: timedelta | None) -> int | None:
    return int(span.total_seconds()) if span is not None else None

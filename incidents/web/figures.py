"""The page of figures on incidents, and its rows as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.learning.figures import Row, acknowledge, bars, detect, resolve
from incidents.learning.report import Report
from incidents.models.response import PREFIX
from incidents.selectors.figures import (
    LONGEST,
    alert_rules,
    incident_report,
    incident_rows,
    missed_clocks,
)
from incidents.severities import CHOICES, TITLES
from opsportal.catalog.models import Service
from opsportal.core.errors import InvalidInput
from opsportal.core.keys import format_key
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.csv import csv_response
from opsportal.web.requests import actor_of, now_of

USUAL = timedelta(days=90)
WIDTH, HEIGHT = 640, 120
SHOWN_SERVICES = 30
MEASURES = {
    "detect": "To detect",
    "acknowledge": "To acknowledge",
    "resolve": "To resolve",
}
POINT = "figures.incidents"
COLUMNS = (
    "incident",
    "severity",
    "services",
    "detected_by",
    "began_at",
    "detected_at",
    "declared_at",
    "acknowledged_at",
    "mitigated_at",
    "resolved_at",
    "cause",
    "seconds_to_detect",
    "seconds_to_acknowledge",
    "seconds_to_resolve",
)


class PeriodForm(forms.Form):
    """From which day (UTC) to which, both in it, and what it is narrowed by."""

    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    severity = forms.ChoiceField(required=False, choices=[("", "Every severity"), *CHOICES])
    service = forms.ChoiceField(required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        services = Service.objects.order_by("name", "id").values_list("slug", "name")
        self.fields["service"].choices = [("", "Every service"), *services]  # type: ignore[attr-defined]

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the time that is asked for; the last 90 days where nothing is. Raises `InvalidInput`."""
        today = now.astimezone(UTC).date()
        until: date = self.cleaned_data["until"] or today
        since: date = self.cleaned_data["since"] or until - USUAL
        start = datetime.combine(since, time(), UTC)
        end = datetime.combine(until + timedelta(days=1), time(), UTC)
        if not timedelta() < end - start <= LONGEST:
            raise InvalidInput.of("since", "out_of_range", "Choose a time of at least a day, at most a year.")
        return start, end


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Show the figures of a period, with what the standard in force says of them."""
    actor, now = actor_of(request), now_of(request)
    form, start, end = _asked(request, now)
    wanted = {name: form.cleaned_data[name] for name in ("service", "severity")}
    report = incident_report(actor, now, start, end, **wanted)
    standard = active_standard_or_none()
    told = engine.decide(standard, POINT, report.facts()) if standard else None
    context = {
        "form": form,
        "report": report,
        "last_day": end - timedelta(days=1),
        "headline": [(label, report.overall[name]) for name, label in MEASURES.items()],
        "shares": _shares(report),
        "severities": [
            (TITLES[one], report.counts[one], _three(its)) for one, its in report.severities.items()
        ],
        "services": [
            (name, report.counts[name], _three(its))
            for name, its in list(report.services.items())[:SHOWN_SERVICES]
        ],
        "weeks": _chart(report),
        "size": (WIDTH, HEIGHT),
        "alerts": alert_rules(actor, now, start, end),
        "missed": missed_clocks(start, end),
        "reasons": [one for one in told.reasons if one.code != "evidence_missing"] if told else [],
    }
    return render(request, "incidents/learning/figures.html", context)


@require_safe
def figures_export(request: HttpRequest) -> StreamingHttpResponse:
    """Send the incidents of the period with their times as CSV."""
    actor, now = actor_of(request), now_of(request)
    form, start, end = _asked(request, now)
    wanted = {name: form.cleaned_data[name] for name in ("service", "severity")}
    rows = incident_rows(actor, now, start, end, before=timedelta(), **wanted)
    return csv_response("incident-figures", COLUMNS, _cells(rows))


def _asked(request: HttpRequest, now: datetime) -> tuple[PeriodForm, datetime, datetime]:
    form = PeriodForm(request.GET)
    if not form.is_valid():
        raise InvalidInput.of_fields({name: str(errors[0]) for name, errors in form.errors.items()})
    start, end = form.period(now)
    return form, start, end


def _shares(report: Report) -> list[tuple[str, str, str]]:
    return [
        (
            "Found by users",
            _percent(report.found_by_users),
            "of the incidents",
        ),
        ("Came back", _percent(report.recurrence), "of those with a known cause, within 90 days"),
        ("Actions in time", _percent(report.action_completion), "of the action items, within 30 days"),
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _three(summaries: dict[str, Any]) -> list[Any]:
    return [summaries[name] for name in MEASURES]


def _chart(report: Report) -> list[dict[str, Any]]:
    counts = [count for _, count in report.weeks]
    shapes = bars(counts, width=WIDTH, height=HEIGHT)
    return [
        {"at": at, "count": count, "x": x, "y": y, "width": width, "height": height}
        for (at, count), (x, y, width, height) in zip(report.weeks, shapes, strict=True)
    ]


def _cells(rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield (
            format_key(PREFIX, row.pk),
            row.severity,
            list(row.services),
            row.detected_by,
            row.began_at,
            row.detected_at,
            row.declared_at,
            row.acknowledged_at,
            row.mitigated_at,
            row.resolved_at,
            row.cause,
            *(None if span is None else int(span.total_seconds()) for span in _spans(row)),
        )


def _spans(row: Row) -> tuple[timedelta | None, ...]:
    return detect(row), acknowledge(row), resolve(row)

"""The page of figures on incidents, and its rows as CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.learning.figures import bars, scale_top
from incidents.learning.report import Report
from incidents.learning.sheet import COLUMNS, cells
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
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.csv import csv_response
from opsportal.web.forms import PortalForm
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


class PeriodForm(PortalForm):
    """From which day (UTC) to which, both in it, and what it is narrowed by."""

    severity = forms.ChoiceField(required=False, choices=[("", "Every severity"), *CHOICES])
    service = forms.ChoiceField(required=False)

    def __init__(self, given: QueryDict, *, now: datetime) -> None:
        # What is not asked for is filled in, so that the form shows the period that the page is about.
        self.asked, self._today = given, now.astimezone(UTC).date()
        super().__init__({**{name: given.get(name, "") for name in given}})
        for name, label in (("to", "To"), ("from", "From")):
            words = f"{label}: give a day such as 2026-03-31."
            widget = forms.DateInput(attrs={"type": "date"})
            field = forms.DateField(required=False, label=label, widget=widget)
            field.error_messages["invalid"] = words
            self.fields = {name: field, **self.fields}
        services = Service.objects.order_by("name", "id").values_list("slug", "name")
        self.service_names = dict(services)
        self.fields["service"].choices = [("", "Every service"), *self.service_names.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a period that is none, or too long, and a filter that there is not."""
        cleaned: dict[str, Any] = super().clean() or {}
        if unknown := sorted(set(self.asked) - set(self.fields)):
            known = ", ".join(self.fields)
            raise forms.ValidationError(f"There is no filter “{unknown[0][:60]}” here. There are: {known}.")
        for name in ("from", "to"):
            if (day := cleaned.get(name)) and not 2000 <= day.year < 2200:
                self.add_error(name, "Give a day of the years 2000 to 2199.")
        if not self.errors:
            start, end = self.period()
            if not timedelta() < end - start <= LONGEST:
                self.add_error("from", "From must not be after To, and at most a year before it.")
        return cleaned

    def period(self) -> tuple[datetime, datetime]:
        """Return the time that is asked for; the last 90 days where nothing is. For a form without errors."""
        until: date = self.cleaned_data.get("to") or self._today
        since: date = self.cleaned_data.get("from") or until - USUAL
        start = datetime.combine(since, time(), UTC)
        return start, datetime.combine(until + timedelta(days=1), time(), UTC)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Show the figures of a period, with what the standard in force says of them."""
    actor, now = actor_of(request), now_of(request)
    form = PeriodForm(request.GET, now=now)
    if not form.is_valid():
        return render(request, "incidents/learning/figures.html", {"form": form}, status=400)
    start, end = form.period()
    last_day = end - timedelta(days=1)
    form.data = {**form.data, "from": f"{start.date()}", "to": f"{last_day.date()}"}
    wanted = {name: form.cleaned_data[name] for name in ("service", "severity")}
    report = incident_report(actor, now, start, end, **wanted)
    standard = active_standard_or_none()
    told = engine.decide(standard, POINT, report.facts()) if standard else None
    context = {
        "form": form,
        "report": report,
        "last_day": last_day,
        "headline": [(label, report.overall[name]) for name, label in MEASURES.items()],
        "shares": _shares(report),
        "severities": [
            (TITLES[one], report.counts[one], _three(its)) for one, its in report.severities.items()
        ],
        "services": [
            (form.service_names.get(name, name), report.counts[name], _three(its))
            for name, its in list(report.services.items())[:SHOWN_SERVICES]
        ],
        "bus_factors": [
            (form.service_names.get(one.service, one.service), one) for one in report.bus_factors
        ],
        "weeks": _chart(report, top := scale_top(count for _, count in report.weeks)),
        "scale": (top, top // 2, 0),
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
    form = PeriodForm(request.GET, now=now)
    if not form.is_valid():
        faults = {name.strip("_"): str(errors[0]) for name, errors in form.errors.items()}
        raise InvalidInput.of_fields(faults)
    start, end = form.period()
    wanted = {name: form.cleaned_data[name] for name in ("service", "severity")}
    rows = incident_rows(actor, now, start, end, before=timedelta(), **wanted)
    return csv_response("incident-figures", COLUMNS, cells(rows))


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


def _chart(report: Report, top: int) -> list[dict[str, Any]]:
    counts = [count for _, count in report.weeks]
    shapes = bars(counts, width=WIDTH, height=HEIGHT, top=top)
    return [
        {"at": at, "count": count, "x": x, "y": y, "width": width, "height": height}
        for (at, count), (x, y, width, height) in zip(report.weeks, shapes, strict=True)
    ]

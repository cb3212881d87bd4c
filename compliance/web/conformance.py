"""The page Conformance: where the standard holds and where it is broken, rule by rule."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from compliance.judging import STATUS_WORDS
from compliance.selectors.conformance import (
    Line,
    Wanted,
    framework_choices,
    held_by,
    line_of,
    lines_of,
    months_of,
    rules_of_framework,
    tally,
    turns_of,
)
from compliance.selectors.controls import exceptions_in_force
from compliance.selectors.judged_figures import is_about_figures
from opsportal.accounts.models import Team
from opsportal.catalog.models import Service
from opsportal.core.errors import NotFound
from opsportal.core.registry import subject_urls
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.selectors import active_standard
from opsportal.standards.standing import Retain
from opsportal.standards.wording import demand_in_words
from opsportal.web.csv import csv_response
from opsportal.web.requests import now_of

KINDS = {
    "gate": "Gates",
    "obligation": "Obligations",
    "target": "Targets and figures",
    "duty": "Duties",
    "retention": "Retention",
}
HOW = {
    "gate": "The portal refuses what breaks it, at the moment it is tried.",
    "obligation": "Somebody owes it by a time; who is late is told, and it climbs.",
    "target": "Figures are held against it.",
    "duty": "A person states it, or an artefact proves it, on a cadence.",
}
HOW_FIGURES = "Figures are held against it: those of the incidents and action items of the last 90 days."
HOW_RETAIN = (
    "The purge deletes nothing of it before its time, and what is due is deleted. Of records that others"
    " keep, it is held against what their backups and owners say."
)
COLUMNS = (
    "rule",
    "title",
    "kind",
    "status",
    "since",
    "trend",
    "subject",
    "subject_status",
    "value",
    "target",
    "because",
    "deliverer",
    "records",
    "document",
    "line",
)
GROUPS = ("breached", "no_data", "met")
"""In this order rules are shown; only the first is open until somebody looks for something."""
TURNS_SHOWN = 30


class ConformanceFilter(forms.Form):
    """What the list is narrowed by."""

    q = forms.CharField(required=False, label="Words", max_length=100)
    status = forms.ChoiceField(
        required=False, label="Status", choices=[("", "Every status"), *STATUS_WORDS.items()]
    )
    kind = forms.ChoiceField(required=False, label="Kind", choices=[("", "Every kind"), *KINDS.items()])
    service = forms.ChoiceField(required=False, label="Service")
    team = forms.ChoiceField(required=False, label="Team")
    framework = forms.ChoiceField(required=False, label="Framework")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        services = Service.objects.order_by("name", "id").values_list("slug", "name")
        teams = Team.objects.order_by("name", "id").values_list("slug", "name")
        choices = {
            "service": [("", "Every service"), *services],
            "team": [("", "Every team"), *teams],
            "framework": [("", "Every framework"), *framework_choices()],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """Return what is asked for; a value that is none narrows nothing and is named in the form."""
        given = self.cleaned_data if self.is_valid() else {}
        framework = given.get("framework", "")
        return Wanted(
            status=given.get("status", ""),
            held_by=given.get("kind", ""),
            text=given.get("q", ""),
            service=given.get("service", ""),
            team=given.get("team", ""),
            rules=rules_of_framework(framework) if framework else None,
        )


@require_safe
def conformance(request: HttpRequest) -> HttpResponse:
    """Show each rule of the standard in force: met, breached or without data, since when, and why."""
    now, standard = now_of(request), active_standard()
    form = ConformanceFilter(request.GET)
    wanted = form.wanted()
    everything = lines_of(standard, Wanted(service=wanted.service, team=wanted.team), now)
    lines = lines_of(standard, wanted, now)
    excepted = {one.rule: one for one in exceptions_in_force(now)}
    context = {
        "form": form,
        "standard": standard,
        "groups": [
            (
                status,
                STATUS_WORDS[status],
                [
                    (line, held_by(line.rule), excepted.get(line.rule.id))
                    for line in lines
                    if line.status == status
                ],
            )
            for status in GROUPS
        ],
        "lines": lines,
        "tally": [(name, STATUS_WORDS[name], count) for name, count in tally(everything).items()],
        "total": len(everything),
        "is_narrowed": any(request.GET.values()),
    }
    return render(request, "compliance/core/conformance.html", context)


@require_safe
def conformance_rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Show one rule: how it is enforced, how it stands for each subject, and its last twelve months."""
    now, standard = now_of(request), active_standard()
    rule = standard.rule(rule_id)
    if rule is None:
        raise NotFound("The standard in force has no rule of this id.")
    line = line_of(rule)
    context = {
        "standard": standard,
        "rule": rule,
        "line": line,
        "status_words": STATUS_WORDS,
        "excepted": exceptions_in_force(now, [rule.id]),
        "how": _how(rule),
        "demand": demand_in_words(rule, standard),
        "states": [
            (
                row,
                STATUS_WORDS[row.status],
                _address(row.subject_kind, row.subject_key),
                _records(row.records),
            )
            for row in line.states
        ],
        "months": [(month, STATUS_WORDS[month.status]) for month in months_of(rule, now)],
        "turns": [(turn, STATUS_WORDS.get(turn.status, "")) for turn in turns_of(rule, TURNS_SHOWN)],
        "asked_at": now,
    }
    return render(request, "compliance/core/rule.html", context)


@require_safe
def conformance_export(request: HttpRequest) -> StreamingHttpResponse:
    """Send what the list shows as CSV, a row for each rule and subject."""
    standard = active_standard()
    lines = lines_of(standard, ConformanceFilter(request.GET).wanted(), now_of(request))
    return csv_response("conformance", COLUMNS, (row for line in lines for row in _rows(line, standard)))


def _how(rule: Rule) -> str:
    """Return what the portal does about a rule: what it demands says more than its kind."""
    if is_about_figures(rule):
        return HOW_FIGURES
    return HOW_RETAIN if isinstance(rule.demand, Retain) else HOW[rule.kind]


def _rows(line: Line, standard: Standard) -> list[tuple[object, ...]]:
    rule = line.rule
    head = (rule.id, rule.title, rule.kind, line.status, line.since, line.trend)
    tail = (rule.source.document, rule.source.line)
    if not line.states:
        return [(*head, "", "", "", "", "", "", "", *tail)]
    return [
        (
            *head,
            row.subject_title or row.subject_key,
            row.status,
            row.value,
            row.target,
            row.because,
            row.deliverer,
            " ".join(key for _, key in row.records),
            *tail,
        )
        for row in line.states
    ]


def _address(kind: str, key: str) -> str:
    resolve = subject_urls.get(kind)
    return (resolve(key) or "") if resolve and key else ""


def _records(records: list[list[str]]) -> list[tuple[str, str]]:
    """Return keys and addresses of the records that prove it."""
    return [(key, _address(kind, key)) for kind, key in records]

"""Pages of scans and vulnerabilities."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.governing.kinds import SCANS, SEVERITIES
from compliance.governing.states import VULNERABILITY
from compliance.models.governance.scans import SCAN_PREFIX, VULNERABILITY_PREFIX
from compliance.selectors.scans import (
    scan_seen,
    scans_loaded,
    vulnerabilities_loaded,
    vulnerability_seen,
)
from compliance.services.governance.scans import scan_record
from compliance.services.governance.vulnerabilities import VERBS, case_of, vulnerability_move
from compliance.web.governance_parts import Step, form_page, given, number_in, step_taken
from opsportal.catalog.models import Service
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.strict_json import parse
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS = (
    ("fix", "It is fixed", "btn-primary"),
    ("verify", "It is gone, I looked", "btn-primary"),
    ("accept", "Accept the risk", ""),
    ("dismiss", "It is none", ""),
    ("reopen", "Open it again", ""),
)
_WORDS = {
    "open": "Fix it by the deadline, or say why it is none.",
    "fixed": "Somebody else than who fixed it verifies it, or the next scan does.",
    "accepted": "Its risk is accepted for a time; then it is open again by itself.",
}


class VulnerabilityFilter(forms.Form):
    """What a list of vulnerabilities is narrowed by."""

    state = forms.ChoiceField(
        required=False,
        choices=[("", "Open"), ("overdue", "Overdue"), *VULNERABILITY.choices[1:], ("any", "Every state")],
    )
    severity = forms.ChoiceField(required=False, choices=[("", "Every severity"), *SEVERITIES.items()])
    service = forms.CharField(required=False, max_length=60)


class ScanForm(PortalForm):
    """A scan or a test, recorded by hand."""

    kind = forms.ChoiceField(choices=list(SCANS.items()))
    service = forms.ChoiceField(required=False)
    tool = forms.CharField(max_length=120, label="Tool or company")
    scope = forms.CharField(required=False, max_length=300, label="What it looked at")
    performed_at = LocalMomentField(label="When")
    whole = forms.BooleanField(
        required=False, label="It looked at all of that: what it does not name any more is gone"
    )
    report = forms.CharField(required=False, help_text="The address of the full report.")
    summary = forms.CharField(required=False, widget=forms.Textarea)
    format = forms.ChoiceField(
        choices=[
            ("lines", "A line each: severity, id, title"),
            ("own", "The portal's own JSON"),
            ("sarif", "SARIF 2.1.0"),
            ("cyclonedx", "CycloneDX"),
        ]
    )
    results = forms.CharField(
        required=False, widget=forms.Textarea, label="What it found", max_length=1_000_000
    )

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        services = Service.objects.filter(state="active").order_by("name")
        choices = [("", "The organisation"), *((one.slug, one.name) for one in services)]
        self.fields["service"].choices = choices  # type: ignore[attr-defined]

    def findings(self) -> tuple[str, object]:
        """Return form and content of what was found. Raises `InvalidInput`."""
        form, text = self.cleaned_data["format"], self.cleaned_data["results"].strip()
        if not text:
            return "own", []
        if form != "lines":
            return form, _json(text)
        lines = [line for line in text.splitlines() if line.strip()]
        return "own", [_line(line) for line in lines]


def _json(text: str) -> object:
    try:
        return parse(text.encode())
    except ValueError as error:
        raise InvalidInput.of("results", "not_json", str(error)) from None


def _line(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(",", 2)]
    if len(parts) < 3:
        raise InvalidInput.of(
            "results",
            "not_a_line",
            f"“{text[:60]}” must read: severity, id, title. E.g. high, CVE-2026-1, Old library",
        )
    return {"severity": parts[0].lower(), "id": parts[1], "title": parts[2]}


@require_safe
def vulnerability_list(request: HttpRequest) -> HttpResponse:
    """List vulnerabilities, the longest due first: open ones, unless others are asked for."""
    form = VulnerabilityFilter(request.GET)
    rows, now = vulnerabilities_loaded(), now_of(request)
    if form.is_valid():
        state = form.cleaned_data["state"]
        if state in ("", "overdue"):
            rows = rows.filter(state="open")
        elif state != "any":
            rows = rows.filter(state=state)
        rows = rows.filter(due_at__lte=now) if state == "overdue" else rows
        if form.cleaned_data["severity"]:
            rows = rows.filter(severity=form.cleaned_data["severity"])
        if form.cleaned_data["service"]:
            rows = rows.filter(service__slug=form.cleaned_data["service"])
    else:
        rows = rows.none()
    page = page_of(rows, request, order=("due_at", "id"))
    context = {
        "page": page,
        "form": form,
        "now": now,
        "scans": list(scans_loaded().order_by("-performed_at", "-id")[:10]),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "compliance/governance/vulnerabilities.html", context, status=status)


@require_safe
def vulnerability_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a vulnerability."""
    row = vulnerability_seen(number_in(key, VULNERABILITY_PREFIX))
    actor, case = actor_of(request), case_of(row, now_of(request))
    remember_people(request, [(row.ended_by_kind, row.ended_by_id)] if row.ended_by_id else [])
    steps = [
        Step(verb, label, look, reverse("compliance:vulnerability-step", args=[row.key, verb]))
        for verb, label, look in _STEPS
        if VULNERABILITY.can(row.state, verb) and may(actor, VERBS[verb][1], case)
    ]
    context = {
        "row": row,
        "steps": steps,
        "words": _WORDS.get(row.state, ""),
        "can_accept": any(step.verb == "accept" for step in steps),
        "is_overdue": row.state == "open" and row.due_at <= now_of(request),
    }
    return render(request, "compliance/governance/vulnerability.html", context)


@require_POST
def vulnerability_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take a step on a vulnerability."""
    pk = number_in(key, VULNERABILITY_PREFIX)
    if verb not in VERBS:
        raise NotFound("There is no such step.")
    until = _end_of(request.POST.get("until", "")) if verb == "accept" else None
    return step_taken(
        request,
        lambda said: vulnerability_move(
            actor=actor_of(request), now=now_of(request), pk=pk, verb=verb, until=until, **said
        ),
        words=f"{key}: {VERBS[verb][0]}.",
        url=reverse("compliance:vulnerability", args=[key]),
    )


def _end_of(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(23, 59), UTC)
    except ValueError:
        return None


@require_safe
def scan_list(request: HttpRequest) -> HttpResponse:
    """List scans and tests, newest first."""
    page = page_of(scans_loaded(), request, order=("-performed_at", "-id"))
    return render(request, "compliance/governance/scans.html", {"page": page})


@require_safe
def scan_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a scan, and what it found first."""
    row = scan_seen(number_in(key, SCAN_PREFIX))
    remember_people(request, [(row.recorded_by_kind, row.recorded_by_id)])
    context = {
        "scan": row,
        "counts": [(label, row.counts.get(name, 0)) for name, label in SEVERITIES.items()],
        "found": list(row.vulnerabilities.order_by("due_at", "id")[:200]),
        "verified": list(row.verified.order_by("id")[:200]),
    }
    return render(request, "compliance/governance/scan.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def scan_new(request: HttpRequest) -> HttpResponse:
    """Record a scan or a test by hand."""
    form = ScanForm(request.POST or None)

    def write() -> Any:
        fields = given(form, without=("format", "results"))
        kind, results = form.findings()
        row, _ = scan_record(
            actor=actor_of(request), now=now_of(request), fields=fields, results=results, form=kind
        )
        return row

    return form_page(
        request,
        form,
        write,
        done=lambda made: (f"{made.key} is recorded.", reverse("compliance:scan", args=[made.key])),
        title="Record a scan or a test",
        lead="Scanners send theirs by API; a penetration test is recorded here.",
        back=("Scans", reverse("compliance:scans")),
        label="Record it",
    )

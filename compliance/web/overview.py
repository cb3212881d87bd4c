"""The first page of compliance: how the standard stands, what is breached, and where everything is."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from compliance.judging import STATUS_WORDS
from compliance.selectors.conformance import Wanted, lines_of, tally
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.requests import now_of

BREACHES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Place:
    """One area of compliance: where it is and what people do there."""

    title: str
    text: str
    name: str


PLACES: tuple[Place, ...] = (
    Place("Conformance", "Each rule of the standard: met, breached or without data.", "conformance"),
    Place(
        "Readiness",
        "Each service: health check, logs, runbook, backup, on-call.",
        "readiness",
    ),
    Place("Figures", "What is measured, and the rules that hold it against a target.", "figures"),
    Place("Objectives", "Error budgets, what is left of them, and how fast they are spent.", "objectives"),
    Place("Costs", "What this month has cost, against its budgets.", "costs"),
    Place("Capacity", "How growth was projected, and when something has to be scaled.", "capacity"),
    Place("Reports", "The management dashboard, delivery, changes, on-call; the monthly report.", "reports"),
    Place("To declare", "What somebody states, as often as the standard asks.", "declarations"),
    Place("Checklists", "What is gone through each day, week and month, and who signed it.", "checklists"),
    Place("Vulnerabilities", "What scans and penetration tests found, with deadlines.", "vulnerabilities"),
    Place("Access reviews", "What anybody holds, confirmed or taken away.", "access-reviews"),
    Place("Decisions", "What boards decided, and why.", "decisions"),
    Place("Training", "What people were taught, and who lacks it.", "trainings"),
    Place("Requests of persons", "Access, correction and deletion, with their deadline.", "person-requests"),
    Place("Improvement plan", "Phases, what is done in them, and maturity.", "improvement"),
)


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show how the standard in force stands, and lead to every area."""
    standard = active_standard_or_none()
    lines = lines_of(standard, Wanted(), now_of(request)) if standard else []
    breached = [line for line in lines if line.status == "breached"]
    context = {
        "standard": standard,
        "tally": [(name, STATUS_WORDS[name], count) for name, count in tally(lines).items()],
        "breached": sorted(breached, key=lambda line: line.since or now_of(request))[:BREACHES_SHOWN],
        "more": max(len(breached) - BREACHES_SHOWN, 0),
        "places": [(place, f"compliance:{place.name}") for place in PLACES],
    }
    return render(request, "compliance/core/overview.html", context)

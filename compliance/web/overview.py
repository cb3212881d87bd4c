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


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "How it stands",
        (
            Place("Conformance", "Each rule of the standard: met, breached or without data.", "conformance"),
            Place("Readiness", "Each service: health check, logs, runbook, backup, on-call.", "readiness"),
            Place("Reports", "Changes, incidents, on-call and objectives over any period.", "reports"),
            Place("To declare", "What somebody states, as often as the standard asks.", "declarations"),
        ),
    ),
    (
        "Backups and recovery",
        (
            Place("Assets", "What is backed up, when last, and what it may lose.", "assets"),
            Place("Restore tests", "What was restored, how far, and in what time.", "restore-tests"),
            Place("Exercises", "Disaster exercises, game days, drills and load tests.", "exercises"),
            Place("Retention", "What may be deleted, what must not yet be, and legal holds.", "retention"),
        ),
    ),
    (
        "Controls and evidence",
        (
            Place("Frameworks", "SOC 2, ISO 27001, GDPR, HIPAA, PCI DSS and your own.", "frameworks"),
            Place("Controls", "What is done for them, and whether it is met.", "controls"),
            Place("Evidence", "What was collected, handed in or sent, until when it is valid.", "evidence"),
            Place("Exceptions", "Breaches that are accepted for a time, and what stands in.", "exceptions"),
            Place("Policies", "What is in force, and who has signed it.", "policies"),
            Place("Documents", "Where they are, whether their links answer, when they are due.", "documents"),
            Place("My audits", "What auditors ask for, what they found, and what was agreed.", "audits-mine"),
        ),
    ),
    (
        "Records",
        (
            Place("Access reviews", "What anybody holds, confirmed or taken away.", "access-reviews"),
            Place("Decisions", "What boards decided, and why.", "decisions"),
            Place("Checklists", "What is gone through, how often, and who signed.", "checklists"),
            Place("Training", "What people were taught, and who lacks it.", "trainings"),
            Place("Scans and tests", "Vulnerability scans and penetration tests.", "scans"),
            Place("Vulnerabilities", "What was found, with deadlines.", "vulnerabilities"),
            Place("Requests of persons", "Access, correction and deletion, in time.", "person-requests"),
            Place("Improvement plan", "Phases, what is done in them, and maturity.", "improvement"),
        ),
    ),
    (
        "Figures",
        (
            Place("Figures", "What is measured, and where it comes from.", "figures"),
            Place("Objectives", "Service levels with their error budgets and burn rates.", "objectives"),
            Place("Costs", "What a month costs, against its budget.", "costs"),
            Place("Capacity", "What is projected, and what is.", "capacity"),
            Place("Sources", "Prometheus servers that are asked.", "sources"),
        ),
    ),
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
        "groups": [
            (title, [(place, f"compliance:{place.name}") for place in places]) for title, places in PLACES
        ],
    }
    return render(request, "compliance/core/overview.html", context)

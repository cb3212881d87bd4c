"""What other pages may show of governance; its keys, search, subjects and evaluators."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from compliance import evaluators, subjects
from compliance.governing.readiness import summed
from compliance.governing.states import REQUEST_OPEN
from compliance.models import (
    AccessHolding,
    AccessReview,
    BoardDecisionText,
    Checklist,
    ImprovementItem,
    PersonRequest,
    Scan,
    Training,
    Vulnerability,
)
from compliance.models.governance.access import ACCESS_REVIEW_PREFIX
from compliance.models.governance.boards import DECISION_PREFIX
from compliance.models.governance.improvement import IMPROVEMENT_PREFIX
from compliance.models.governance.requests import PERSON_REQUEST_PREFIX
from compliance.models.governance.scans import SCAN_PREFIX, VULNERABILITY_PREFIX
from compliance.models.governance.statements import DECLARATION_PREFIX
from compliance.models.governance.training import TRAINING_PREFIX
from compliance.selectors import known
from compliance.selectors.checklists import due_now
from compliance.selectors.judged_duties import judge_declared, judge_ready
from compliance.selectors.readiness import standings_of
from opsportal.accounts.selectors import roles_of
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key, number_of
from opsportal.core.registry import Panel, SearchHit, key_urls, panels, search_sources, subject_urls
from opsportal.standards.standing import Declare, Ready

PAGES = {
    ACCESS_REVIEW_PREFIX: "access-review",
    DECISION_PREFIX: "decision",
    TRAINING_PREFIX: "training",
    SCAN_PREFIX: "scan",
    VULNERABILITY_PREFIX: "vulnerability",
    PERSON_REQUEST_PREFIX: "person-request",
    IMPROVEMENT_PREFIX: "improvement-item",
}
"""Prefix of a key -> the name of its page."""
KINDS = {
    ACCESS_REVIEW_PREFIX: "Access review",
    TRAINING_PREFIX: "Training",
    SCAN_PREFIX: "Scan",
    IMPROVEMENT_PREFIX: "Improvement",
}
SUBJECTS = {
    "vulnerability": VULNERABILITY_PREFIX,
    "person-request": PERSON_REQUEST_PREFIX,
    "improvement": IMPROVEMENT_PREFIX,
    "access-review": ACCESS_REVIEW_PREFIX,
}
"""Kind of a thing that somebody owes something about -> the prefix of its key."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that waits for the reader."""

    title: str
    words: str
    url: str


def waiting(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what the reader has to decide, answer or sign; None where there is nothing."""
    if not actor.is_user:
        return None
    person = UUID(actor.id)
    lines: list[Line] = []
    holdings = AccessHolding.objects.filter(reviewer=person, state="undecided", review__state="open")
    first = holdings.select_related("review").first()
    if first is not None:
        url = reverse("compliance:access-review", args=[first.review.key])
        lines.append(
            Line(f"Decide what others hold, {first.review.key}", f"{holdings.count()} left", url + "?mine=1")
        )
    for row in PersonRequest.objects.filter(handler=person, state__in=REQUEST_OPEN).order_by("due_at")[:3]:
        url = reverse("compliance:person-request", args=[row.key])
        lines.append(
            Line(f"Answer {row.key}: {row.get_kind_display().lower()}", f"by {row.due_at:%Y-%m-%d}", url)
        )
    held = roles_of(person, now.date())
    for checklist, period, run in due_now(now):
        asked = checklist.owner_role in held or (run is not None and run.started_by_id == person)
        if asked and (run is None or run.state == "open"):
            url = reverse("compliance:checklists")
            lines.append(Line(checklist.title, period.name, url))
    return {"lines": lines} if lines else None


def of_service(actor: Actor, now: datetime, service: Service) -> dict[str, Any] | None:
    """Return how ready a service is; None for one that is not in use any more."""
    if service.state != "active":
        return None
    standings = standings_of(service, now)
    met, not_met, no_data = summed(standings)
    found = list(standings.values())
    return {"service": service, "standings": found, "met": met, "not_met": not_met, "no_data": no_data}


def search_vulnerabilities(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find vulnerabilities by key, or by a part of what they are called."""
    number = number_of(text, VULNERABILITY_PREFIX)
    rows = (
        Vulnerability.objects.filter(pk=number)
        if number
        else Vulnerability.objects.filter(title__icontains=text)
    )
    return [
        SearchHit(row.key, row.title, "Vulnerability", reverse("compliance:vulnerability", args=[row.key]))
        for row in rows.order_by("-pk")[:limit]
    ]


def search_decisions(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find decisions by key, or by a part of their question."""
    number = number_of(text, DECISION_PREFIX)
    rows = BoardDecisionText.objects.select_related("decision")
    rows = rows.filter(decision=number) if number else rows.filter(question__icontains=text)
    found = {row.decision_id: row for row in rows.order_by("-decision_id", "number")[: limit * 3]}
    return [
        SearchHit(
            row.decision.key,
            row.question,
            "Decision",
            reverse("compliance:decision", args=[row.decision.key]),
        )
        for row in list(found.values())[:limit]
    ]


def search_records(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Find checklists, trainings, scans, improvements and declarations by what they are called.

    Requests of persons have no title: whom they are about is nobody's to look for.
    """
    hits = [
        SearchHit("", row.title, "Checklist", reverse("compliance:checklists"))
        for row in Checklist.objects.filter(title__icontains=text).order_by("title", "id")[:limit]
    ]
    trainings = Training.objects.select_related("topic").filter(topic__title__icontains=text)
    hits += _hits(trainings.order_by("-at", "-id")[:limit], TRAINING_PREFIX, lambda row: row.topic.title)
    scans = Scan.objects.filter(Q(tool__icontains=text) | Q(scope__icontains=text))
    hits += _hits(
        scans.order_by("-performed_at", "-id")[:limit],
        SCAN_PREFIX,
        lambda row: f"{row.get_kind_display()} by {row.tool}",
    )
    items = ImprovementItem.objects.filter(title__icontains=text).order_by("-id")
    hits += _hits(items[:limit], IMPROVEMENT_PREFIX, lambda row: row.title)
    reviews = AccessReview.objects.filter(note__icontains=text).order_by("-id")
    hits += _hits(reviews[:limit], ACCESS_REVIEW_PREFIX, lambda row: row.note.partition("\n")[0])
    return hits[:limit]


def _hits(rows: Iterable[Any], prefix: str, title: Callable[[Any], str]) -> list[SearchHit]:
    return [SearchHit(row.key, title(row), KINDS[prefix], _page(prefix)(row.pk)) for row in rows]


def declaration_path(number: int) -> str:
    """Return the path of the page on which a declaration stands."""
    return f"{reverse('compliance:declarations')}#{format_key(DECLARATION_PREFIX, number)}"


def _page(prefix: str) -> Any:
    return lambda number: reverse(f"compliance:{PAGES[prefix]}", args=[format_key(prefix, number)])


def _of_key(prefix: str) -> Any:
    def url(key: str) -> str:
        return _page(prefix)(number_of(key, prefix)) if number_of(key, prefix) else ""

    return url


def register() -> None:
    """Register panels, keys, search, subjects and evaluators of this area."""
    evaluators.register(Declare, judge_declared)
    evaluators.register(Ready, judge_ready)
    subjects.register(subjects.ORGANISATION, known.organisation)
    subjects.register("service", known.services)
    panels.add(
        "compliance.governance",
        Panel("home.waiting", 27, "compliance/governance/panel_waiting.html", waiting),
    )
    panels.add(
        "compliance.readiness",
        Panel("service.main", 60, "compliance/governance/panel_service.html", of_service),
    )
    for prefix in PAGES:
        key_urls.add(prefix, _page(prefix))
    for kind, prefix in SUBJECTS.items():
        subject_urls.add(kind, _of_key(prefix))
    search_sources.add("vulnerabilities", search_vulnerabilities)
    key_urls.add(DECLARATION_PREFIX, declaration_path)
    search_sources.add("decisions", search_decisions)
    search_sources.add("governance", search_records)

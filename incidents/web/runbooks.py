"""Pages of runbooks: the list, one of them, its versions, steps on it, the coverage report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.models import Runbook, RunbookLink, RunbookVersion
from incidents.runbook.differences import line_difference
from incidents.runbook.states import RUNBOOK
from incidents.runbook.text import sections_of, steps_of
from incidents.selectors.figures import alert_rules_without_runbook
from incidents.selectors.runbooks import (
    reviews_due,
    runbook_by_slug,
    runbooks_loaded,
    runs_seen,
    services_without,
    version_of,
    version_shown,
)
from incidents.services.runbooks.writing import (
    POINT,
    case_of,
    facts_of,
    runbook_publish,
    runbook_reinstate,
    runbook_retire,
    runbook_review,
)
from incidents.web.runbooks_forms import NoteForm, RunbookFilter, label_line
from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about
from opsportal.core.access import may
from opsportal.core.errors import NotFound
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

SHOWN = 20
MOST_COVERED = 200
LATELY = timedelta(days=30)
_STEPS: Mapping[str, tuple[Callable[..., Runbook], str, str, str, str, str]] = {
    "publish": (runbook_publish, "publish", "Publish", "check", "btn-primary", "is published."),
    "review": (runbook_review, "review", "It still holds", "eye", "", "is reviewed."),
    "retire": (runbook_retire, "retire", "Retire it", "cross", "btn-outline-danger", "is retired."),
    "reinstate": (runbook_reinstate, "retire", "Make it a draft again", "undo", "", "is a draft again."),
}


@require_safe
def runbook_list(request: HttpRequest) -> HttpResponse:
    """List runbooks by title: those in use, unless others are asked for."""
    form = RunbookFilter(request.GET)
    rows = runbooks_loaded()
    if form.is_valid():
        wanted = form.cleaned_data
        if wanted["q"]:
            rows = rows.filter(Q(title__icontains=wanted["q"]) | Q(slug__icontains=wanted["q"]))
        if wanted["kind"]:
            rows = rows.filter(kind=wanted["kind"])
        if wanted["team"]:
            rows = rows.filter(owner_team__slug=wanted["team"])
        rows = _in_state(rows, wanted["state"], request)
    else:
        rows = rows.none()
    context = {
        "page": page_of(rows, request, order=("title", "id")),
        "form": form,
        "now": now_of(request),
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "incidents/runbooks/list.html", context, status=200 if form.is_valid() else 400)


def _in_state(rows: Any, state: str, request: HttpRequest) -> Any:
    if state == "overdue":
        return rows.filter(state="published", review_due_at__lte=now_of(request))
    return rows.filter(state=state) if state else rows.exclude(state="retired")


@require_safe
def runbook_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one runbook: what it says, where it is offered, who followed it."""
    return _page(request, runbook_by_slug(slug))


def _page(request: HttpRequest, runbook: Runbook, *, status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    shown = version_shown(runbook)
    case = case_of(runbook, now)
    runs = list(runs_seen(actor, now).filter(runbook=runbook).order_by("-id")[:SHOWN])
    entries = list(entries_about("runbook", runbook.slug).order_by("-id")[:SHOWN])
    versions = list(RunbookVersion.objects.filter(runbook=runbook).order_by("-number")[:SHOWN])
    remember_people(
        request,
        [
            ("user", str(runbook.keeper_id)),
            *(("user", str(run.started_by_id)) for run in runs),
            *((entry.actor_kind, entry.actor_id) for entry in entries),
            *((version.actor_kind, version.actor_id) for version in versions),
        ],
    )
    targets = list(runbook.targets.all())
    context = {
        "runbook": runbook,
        "shown": shown,
        "sections": sections_of(shown.text),
        "has_steps": bool(steps_of(shown.text)),
        "versions": versions,
        "runs": runs,
        "services": [one.service for one in targets if one.service is not None],
        "alerts": [label_line(one.labels) for one in targets if one.service is None],
        "broken": list(RunbookLink.objects.filter(runbook=runbook, state="broken").order_by("id")[:SHOWN]),
        "reasons": _misses(runbook),
        "is_overdue": runbook.review_due_at is not None
        and runbook.state == "published"
        and runbook.review_due_at <= now,
        "may_edit": RUNBOOK.can(runbook.state, "edit") and may(actor, "runbook.write", case),
        "may_run": runbook.state == "published" and may(actor, "runbook.run"),
        "steps": [
            (verb, words, icon, look)
            for verb, (_, permission, words, icon, look, _) in _STEPS.items()
            if RUNBOOK.can(runbook.state, verb)
            and may(actor, f"runbook.{permission}", case)
            and not (verb == "publish" and runbook.published == runbook.latest)
        ],
        "moments": [
            {
                "at": one.at,
                "title": label(one.action),
                "actor_kind": one.actor_kind,
                "actor_id": one.actor_id,
            }
            for one in entries
        ],
    }
    return render(request, "incidents/runbooks/runbook.html", context, status=status)


def _misses(runbook: Runbook) -> Any:
    """Return what the standard misses in the newest version, while that is not published."""
    standard = active_standard_or_none()
    if standard is None or runbook.state == "retired" or runbook.published == runbook.latest:
        return ()
    newest = version_of(runbook, runbook.latest)
    return engine.decide(standard, POINT, facts_of(runbook, newest.text)).reasons


@require_POST
def runbook_step(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Publish, review, retire or reinstate a runbook."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    step, _, _, _, _, words = _STEPS[verb]
    form = NoteForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    runbook = step(actor=actor_of(request), now=now_of(request), slug=slug, version=version)
    messages.success(request, f"“{runbook.title}” {words}")
    return redirect("incidents:runbook", slug)


@require_safe
def runbook_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show one version, and what it does differently from the one before."""
    runbook = runbook_by_slug(slug)
    version = version_of(runbook, number)
    before = version_of(runbook, number - 1) if number > 1 else None
    remember_people(request, [(version.actor_kind, version.actor_id)])
    context = {
        "runbook": runbook,
        "shown": version,
        "before": before,
        "lines": line_difference(before.text if before else "", version.text),
        "sections": sections_of(version.text),
    }
    return render(request, "incidents/runbooks/version.html", context)


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Show which services have no runbook, which reviews are overdue, which links are broken."""
    now = now_of(request)
    uncovered = list(services_without().order_by("name", "id")[: MOST_COVERED + 1])
    rank = {"critical": 0, "core": 1, "supporting": 2}
    uncovered.sort(key=lambda service: rank[service.tier])
    broken = RunbookLink.objects.filter(state="broken", runbook__state="published").select_related("runbook")
    counted = Runbook.objects.aggregate(
        published=Count("id", filter=Q(state="published")), draft=Count("id", filter=Q(state="draft"))
    )
    context = {
        "uncovered": uncovered[:MOST_COVERED],
        "more": len(uncovered) > MOST_COVERED,
        "overdue": list(reviews_due(now)[:MOST_COVERED]),
        "broken": list(broken.order_by("runbook__title", "id")[:MOST_COVERED]),
        "counted": counted,
        "alert_rules": alert_rules_without_runbook(actor_of(request), now, now - LATELY, now),
    }
    return render(request, "incidents/runbooks/coverage.html", context)

"""Pages of checklists."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.governing.kinds import ANSWERS
from compliance.governing.periods import period_of
from compliance.models import Checklist, ChecklistRun
from compliance.selectors.checklists import due_now, figures_for, run_seen, runs_loaded
from compliance.services.governance.checklists import (
    case_of,
    checklist_adopt,
    checklist_answer,
    checklist_sign,
    checklist_start,
    shipped,
)
from opsportal.core.access import may
from opsportal.core.errors import Conflict, InvalidInput, Refusal
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of


@require_safe
def checklist_list(request: HttpRequest) -> HttpResponse:
    """Show what is to be gone through now, what was, and what comes with the portal."""
    actor, now = actor_of(request), now_of(request)
    page = page_of(runs_loaded(), request, order=("-first_day", "-id"))
    remember_people(request, (("user", str(row.signed_by_id)) for row in page.items if row.signed_by_id))
    known = set(Checklist.objects.values_list("slug", flat=True))
    context = {
        "due": [
            (one, period, run, may(actor, "checklist.sign", case_of(one, now)))
            for one, period, run in due_now(now)
        ],
        "page": page,
        "runs": [(row, period_of(row.checklist.period, row.first_day).name) for row in page.items],
        "shipped": [one for one in shipped() if one.slug not in known],
        "may_define": may(actor, "checklist.define"),
    }
    return render(request, "compliance/governance/checklists.html", context)


@require_POST
def checklist_adopted(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a checklist that comes with the portal into use."""
    made = checklist_adopt(actor=actor_of(request), now=now_of(request), slug=slug)
    messages.success(request, f"{made.title} is in use.")
    return redirect("compliance:checklists")


@require_POST
def checklist_started(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin with a checklist for the present period."""
    run = checklist_start(actor=actor_of(request), now=now_of(request), slug=slug)
    return redirect("compliance:checklist-run", run.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a run with what the portal knows of each item; take answers, and the signature."""
    run = run_seen(pk)
    if request.method != "POST":
        return _page(request, run)
    actor, now = actor_of(request), now_of(request)
    answers, version = _answers(request, run), _version(request)
    try:
        if request.POST.get("do") == "sign":
            checklist_sign(
                actor=actor,
                now=now,
                run=pk,
                answers=answers,
                remark=request.POST.get("remark", ""),
                version=version,
            )
            messages.success(request, f"{run.checklist.title} is signed.")
        else:
            checklist_answer(actor=actor, now=now, run=pk, answers=answers, version=version)
            messages.success(request, "Saved.")
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _page(request, run_seen(pk), refusal=refusal)
    return redirect("compliance:checklist-run", pk)


def _answers(request: HttpRequest, run: ChecklistRun) -> list[dict[str, str]]:
    found = []
    for item in run.edition.listed:
        answer = request.POST.get(f"answer-{item.id}", "")
        if answer:
            note = request.POST.get(f"note-{item.id}", "")
            # A tick with words beside it is a note.
            word = "noted" if answer == "ticked" and note.strip() else answer
            found.append({"item": item.id, "answer": word, "note": note})
    return found


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _page(request: HttpRequest, run: ChecklistRun, *, refusal: Refusal | None = None) -> HttpResponse:
    period = period_of(run.checklist.period, run.first_day)
    items = run.edition.listed
    given = {answer.item: answer for answer in run.answers.all()}
    hints = {item.hint for item in items if item.hint} if run.state == "open" else set()
    figures = figures_for(hints, period, now_of(request))
    remember_people(
        request,
        [("user", str(one)) for one in (run.signed_by_id, run.started_by_id) if one]
        + [("user", str(answer.by_id)) for answer in given.values()],
    )
    lines: list[dict[str, Any]] = []
    for item in items:
        answer = given.get(item.id)
        lines.append(
            {
                "item": item,
                "answer": answer,
                "chosen": request.POST.get(f"answer-{item.id}", "")
                or ("ticked" if answer and answer.answer == "noted" else answer.answer if answer else ""),
                "note": request.POST.get(f"note-{item.id}", answer.note if answer else ""),
                "figures": answer.figures if answer and run.state == "signed" else figures.get(item.hint, ""),
            }
        )
    context = {
        "run": run,
        "period": period,
        "lines": lines,
        "left": len(items) - len(given),
        "answers": [(word, label) for word, label in ANSWERS.items() if word != "noted"],
        "may_sign": run.state == "open"
        and may(actor_of(request), "checklist.sign", case_of(run.checklist, now_of(request))),
        "refusal": refusal,
        "back": reverse("compliance:checklists"),
    }
    status = refusal.status if refusal else 200
    return render(request, "compliance/governance/run.html", context, status=status)

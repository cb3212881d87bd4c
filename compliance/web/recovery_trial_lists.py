"""Lists of restore tests and of exercises."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from compliance.selectors.recovery import exercises_loaded, tests_loaded
from compliance.web.recovery_forms import TrialFilter
from opsportal.core.access import may
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of


@require_safe
def restore_test_list(request: HttpRequest) -> HttpResponse:
    """List restore tests, the newest first."""
    return _list(request, tests_loaded(), "compliance/recovery/restore_tests.html")


@require_safe
def exercise_list(request: HttpRequest) -> HttpResponse:
    """List exercises of any kind, the newest first."""
    return _list(request, exercises_loaded(), "compliance/recovery/exercises.html")


def _list(request: HttpRequest, rows: QuerySet[Any], template: str) -> HttpResponse:
    form = TrialFilter(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    if state == "over":
        rows = rows.filter(state__in=["finished", "completed", "aborted"])
    elif state:
        rows = rows.filter(state=state)
    context = {
        "page": page_of(rows, request, order=("-id",)),
        "form": form,
        "is_narrowed": bool(request.GET.get("state")),
        "may_plan": may(actor_of(request), "exercise.plan"),
    }
    return render(request, template, context, status=200 if form.is_valid() else 400)

"""Pages of maintenance windows: list, one, new, edit, retire and reinstate."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.accounts.services.periods import utc_day
from opsportal.calendar import selectors
from opsportal.calendar.models import MaintenanceWindow
from opsportal.calendar.models.windows import PREFIX
from opsportal.calendar.places import Scope
from opsportal.calendar.recurrence import RHYTHMS, parse_rule
from opsportal.calendar.services import window_create, window_reinstate, window_retire, window_update
from opsportal.calendar.states import WINDOW
from opsportal.calendar.web import choices
from opsportal.calendar.web.forms import MoveForm, WindowForm
from opsportal.calendar.web.history import window_words
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse
from opsportal.core.access import may, require
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of

MOVES = {"retire": window_retire, "reinstate": window_reinstate}


@require_safe
def windows(request: HttpRequest) -> HttpResponse:
    """List maintenance windows, those in use unless all are asked for."""
    rows = MaintenanceWindow.objects.all()
    shows_all = request.GET.get("state") == "any"
    if not shows_all:
        rows = rows.filter(state=WINDOW.initial)
    page = page_of(rows, request, order=("title", "id"))
    context = {
        "page": page,
        "lines": [_line(window, request) for window in page.items],
        "shows_all": shows_all,
        "may_write": _may_write(request),
    }
    return render(request, "calendar/windows.html", context)


@require_safe
def window(request: HttpRequest, key: str) -> HttpResponse:
    """Show one maintenance window and when it takes place."""
    return _detail(request, _found(key))


@require_http_methods(["GET", "HEAD", "POST"])
def window_new(request: HttpRequest) -> HttpResponse:
    """Add a maintenance window."""
    require(actor_of(request), "window.write", utc_day(now_of(request)))
    initial = {"first_day": utc_day(now_of(request))}
    form = WindowForm(_posted(request), initial=initial, environments=choices.environments())
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        try:
            made = window_create(actor=actor_of(request), now=now_of(request), **form.values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, f"{made.title} is in use.")
            return redirect("calendar:window", made.key)
    return _form(request, form, None, status)


@require_http_methods(["GET", "HEAD", "POST"])
def window_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Change a maintenance window."""
    shown = _found(key)
    require(actor_of(request), "window.write", utc_day(now_of(request)))
    form = WindowForm(
        _posted(request), initial=WindowForm.initial_of(shown), environments=choices.environments()
    )
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        version = form.cleaned_data["version"]
        try:
            window_update(
                actor=actor_of(request), now=now_of(request), pk=shown.pk, version=version, **form.values
            )
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Saved.")
            return redirect("calendar:window", shown.key)
    return _form(request, form, shown, status)


@require_POST
def window_move(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Retire or reinstate a maintenance window."""
    shown = _found(key)
    form = MoveForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            MOVES[verb](actor=actor_of(request), now=now_of(request), pk=shown.pk, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Retired." if verb == "retire" else "Back in use.")
            return redirect("calendar:window", shown.key)
    return _detail(request, shown, form, status)


def _detail(
    request: HttpRequest, shown: MaintenanceWindow, form: MoveForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "window": shown,
        "line": _line(shown, request),
        "form": form or MoveForm(initial={"version": shown.version}),
        "verbs": WINDOW.verbs(shown.state) if _may_write(request) else (),
        "may_write": _may_write(request),
        "moments": moments_of(request, "window", shown.key, window_words),
    }
    return render(request, "calendar/window.html", context, status=status)


def _form(
    request: HttpRequest, form: WindowForm, shown: MaintenanceWindow | None, status: int
) -> HttpResponse:
    context = {"form": form, "window": shown, "zones": choices.zones(), "rhythms": RHYTHMS.items()}
    return render(request, "calendar/window_form.html", context, status=status)


def _line(window: MaintenanceWindow, request: HttpRequest) -> dict[str, Any]:
    words = parse_rule(window.rule, window.first_day).words
    coming = window.recurrence.next_after(now_of(request)) if window.state == WINDOW.initial else None
    return {
        "window": window,
        "words": f"{words[:1].upper()}{words[1:]} at {window.at:%H:%M} ({window.zone})",
        "length": window.recurrence.length,
        "scope": Scope.of(window.scope).words,
        "coming": coming,
    }


def _found(key: str) -> MaintenanceWindow:
    number = number_of(key, PREFIX)
    if number is None:
        raise NotFound("There is no such maintenance window.")
    return selectors.window_by_id(number)


def _may_write(request: HttpRequest) -> bool:
    return may(actor_of(request), "window.write", utc_day(now_of(request)))


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None

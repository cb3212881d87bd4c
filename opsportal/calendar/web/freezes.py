"""Pages of freezes: list, one, new, edit, lift."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.accounts.services.periods import utc_day
from opsportal.calendar import selectors
from opsportal.calendar.models import Freeze
from opsportal.calendar.models.freezes import PREFIX
from opsportal.calendar.places import Scope
from opsportal.calendar.services import freeze_create, freeze_lift, freeze_update
from opsportal.calendar.states import FREEZE
from opsportal.calendar.web import choices
from opsportal.calendar.web.forms import FreezeForm, MoveForm
from opsportal.calendar.web.history import freeze_words
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse
from opsportal.core.access import may, require
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of


@require_safe
def freezes(request: HttpRequest) -> HttpResponse:
    """List freezes, the latest first."""
    page = page_of(Freeze.objects.all(), request, order=("-starts_at", "-id"))
    now = now_of(request)
    context = {
        "page": page,
        "lines": [_line(freeze, now) for freeze in page.items],
        "may_write": _may_write(request),
    }
    return render(request, "calendar/freezes.html", context)


@require_safe
def freeze(request: HttpRequest, key: str) -> HttpResponse:
    """Show one freeze: why, until when, for what, and who may pass."""
    return _detail(request, _found(key))


@require_http_methods(["GET", "HEAD", "POST"])
def freeze_new(request: HttpRequest) -> HttpResponse:
    """Set a freeze."""
    require(actor_of(request), "freeze.write", utc_day(now_of(request)))
    form = FreezeForm(_posted(request), environments=choices.environments(), roles=choices.roles())
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        try:
            made = freeze_create(actor=actor_of(request), now=now_of(request), **form.values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, f"{made.title} is set.")
            return redirect("calendar:freeze", made.key)
    return render(request, "calendar/freeze_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def freeze_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Change a freeze that is set."""
    shown = _found(key)
    require(actor_of(request), "freeze.write", utc_day(now_of(request)))
    form = FreezeForm(
        _posted(request),
        initial=FreezeForm.initial_of(shown),
        environments=choices.environments(),
        roles=choices.roles(),
    )
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        version = form.cleaned_data["version"]
        try:
            freeze_update(
                actor=actor_of(request), now=now_of(request), pk=shown.pk, version=version, **form.values
            )
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Saved.")
            return redirect("calendar:freeze", shown.key)
    return render(request, "calendar/freeze_form.html", {"form": form, "freeze": shown}, status=status)


@require_POST
def freeze_lifted(request: HttpRequest, key: str) -> HttpResponse:
    """End a freeze ahead of its time."""
    shown = _found(key)
    form = MoveForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            freeze_lift(actor=actor_of(request), now=now_of(request), pk=shown.pk, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Lifted.")
            return redirect("calendar:freeze", shown.key)
    return _detail(request, shown, form, status)


def _detail(
    request: HttpRequest, shown: Freeze, form: MoveForm | None = None, status: int = 200
) -> HttpResponse:
    remember_people(request, [("role", slug) for slug in shown.pass_roles])
    now = now_of(request)
    may_write = _may_write(request) and shown.state == FREEZE.initial and shown.ends_at > now
    context = {
        "freeze": shown,
        "line": _line(shown, now),
        "form": form or MoveForm(initial={"version": shown.version}),
        "may_write": may_write,
        "moments": moments_of(request, "freeze", shown.key, freeze_words),
    }
    return render(request, "calendar/freeze.html", context, status=status)


def _line(shown: Freeze, now: datetime) -> dict[str, Any]:
    return {"freeze": shown, "scope": Scope.of(shown.scope).words, "standing": _standing(shown, now)}


def _standing(shown: Freeze, now: datetime) -> tuple[str, str]:
    """Return where a freeze stands, in a word and its tone."""
    if shown.state != FREEZE.initial:
        return "Lifted", "done"
    if shown.ends_at <= now:
        return "Over", "done"
    return ("In force", "bad") if shown.starts_at <= now else ("To come", "info")


def _found(key: str) -> Freeze:
    number = number_of(key, PREFIX)
    if number is None:
        raise NotFound("There is no such freeze.")
    return selectors.freeze_by_id(number)


def _may_write(request: HttpRequest) -> bool:
    return may(actor_of(request), "freeze.write", utc_day(now_of(request)))


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None

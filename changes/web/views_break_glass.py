"""Break-glass: what was asked and what became of it, asking, and the word of the second person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from changes.models import BreakGlass, Deployment
from changes.models.break_glass import LONGEST, SHORTEST
from changes.selectors.break_glass import glass_by_key, glasses_loaded
from changes.services.break_glass import (
    break_glass_ask,
    break_glass_confirm,
    break_glass_refuse,
    break_glass_revoke,
    case_of_glass,
)
from changes.states import BREAK_GLASS
from changes.web.forms import ReasonForm
from changes.web.steps import Look
from opsportal.audit import actions
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.catalog.models import Environment
from opsportal.catalog.selectors import services
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.web.forms import PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_MOVES: Mapping[str, tuple[Callable[..., BreakGlass], Look, str]] = {
    "confirm": (
        break_glass_confirm,
        Look("Confirm: break the glass", "check", "op-btn-bad"),
        "is in force. Everybody who answers for it is told.",
    ),
    "refuse": (
        break_glass_refuse,
        Look("Refuse", "cross", "", "required", "Whoever asked reads it."),
        "is refused.",
    ),
    "revoke": (
        break_glass_revoke,
        Look("End it now", "pause", "btn-primary", "optional", "From now on the rules hold again."),
        "is over.",
    ),
}


class GlassForm(PortalForm):
    """A request to break the glass."""

    always = ("services", "environment", "minutes", "reason")

    services = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    environment = forms.ChoiceField(required=False)
    minutes = forms.IntegerField(
        required=False,
        label="For how many minutes",
        help_text=f"{int(SHORTEST.total_seconds()) // 60} to {int(LONGEST.total_seconds()) // 60};"
        " they count from the confirmation.",
    )
    reason = forms.CharField(
        required=False,
        label="Why it cannot wait",
        widget=forms.Textarea,
        help_text="The second person reads it, and so does whoever reviews it.",
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        active = services().filter(state="active").values_list("slug", "name")
        places = Environment.objects.values_list("slug", "name")
        self.fields["services"].choices = list(active)  # type: ignore[attr-defined]
        self.fields["environment"].choices = list(places)  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def glass_list(request: HttpRequest) -> HttpResponse:
    """Show the requests, newest first, and take a new one."""
    form = GlassForm(request.POST if request.method == "POST" else None, initial={"minutes": 30})
    if request.method == "POST" and form.is_valid():
        try:
            glass = break_glass_ask(actor=actor_of(request), now=now_of(request), fields=form.cleaned_data)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, f"{glass.key} waits for a second person; they are told.")
            return redirect("changes:break-glass", glass.key)
    page = page_of(glasses_loaded(), request, order=("-asked_at", "-id"))
    remember_people(request, (("user", str(glass.asked_by_id)) for glass in page.items))
    status = 400 if request.method == "POST" else 200
    return render(request, "changes/break_glasses.html", {"page": page, "form": form}, status=status)


@require_safe
def glass_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one request: what was asked, who agreed, what passed, and the steps that the reader may take."""
    glass = glass_by_key(key)
    if key != glass.key:
        return redirect("changes:break-glass", glass.key)
    actor, now = actor_of(request), now_of(request)
    case = case_of_glass(actor, glass, now)
    entries = list(entries_about("break_glass", glass.key))
    remember_people(request, ((entry.actor_kind, entry.actor_id) for entry in entries))
    remember_people(request, _people(glass))
    used = Deployment.objects.filter(break_glass=glass).select_related("service", "environment")
    return render(
        request,
        "changes/break_glass.html",
        {
            "glass": glass,
            "in_force": glass.is_in_force(now),
            "deployments": used.order_by("-id")[:50],
            "steps": [
                (verb, look)
                for verb, (_, look, _) in _MOVES.items()
                if BREAK_GLASS.can(glass.state, verb) and may(actor, f"break_glass.{verb}", case)
            ],
            "moments": [
                {
                    "at": entry.at,
                    "title": actions.label(entry.action),
                    "text": entry_data(entry).get("deployment", ""),
                    "actor_kind": entry.actor_kind,
                    "actor_id": entry.actor_id,
                }
                for entry in reversed(entries)
            ],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def glass_move(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take one step; a GET asks for its reason, or for a second look, on a page of its own."""
    if verb not in _MOVES:
        raise NotFound("There is no such step.")
    move, look, words = _MOVES[verb]
    glass = glass_by_key(key)
    form = ReasonForm(request.POST if request.method == "POST" else None, initial={"version": glass.version})
    if request.method == "POST" and form.is_valid():
        given = {"reason": form.cleaned_data["reason"]} if look.reason else {}
        try:
            move(
                actor=actor_of(request),
                now=now_of(request),
                pk=glass.pk,
                version=form.cleaned_data["version"],
                **given,
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, f"{glass.key} {words}")
            return redirect("changes:break-glass", glass.key)
    remember_people(request, _people(glass))
    context = {"glass": glass, "form": form, "look": look, "verb": verb}
    status = 400 if request.method == "POST" else 200
    return render(request, "changes/break_glass_move.html", context, status=status)


def _people(glass: BreakGlass) -> Iterator[tuple[str, str]]:
    for person in (glass.asked_by_id, glass.confirmed_by_id, glass.over_by_id):
        yield "user", str(person or "")

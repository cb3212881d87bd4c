"""Pages of obligations: what the reader owes, one obligation, waiving it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput
from opsportal.obligations.models import Obligation
from opsportal.obligations.permissions import Waiving
from opsportal.obligations.selectors import lines_of, obligation_seen, owed_by, owned_by
from opsportal.obligations.services import obligation_waive
from opsportal.obligations.services.waive import MAX_REASON
from opsportal.web.forms import PortalForm
from opsportal.web.looks import tone_of
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MAX_OWED = 200


class WaiveForm(PortalForm):
    """Why somebody is let off."""

    reason = forms.CharField(
        label="Why is it waived?", max_length=MAX_REASON, widget=forms.Textarea, help_text="Stays on record."
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show what the reader owes, overdue first, and what is behind them."""
    actor, now = actor_of(request), now_of(request)
    owed = lines_of(owed_by(actor.id, now)[:MAX_OWED], now)
    ended = owned_by(actor.id, now).filter(ended_at__isnull=False)
    over = page_of(ended, request, order=("-updated_at", "-id"))
    return render(
        request,
        "obligations/mine.html",
        {
            "late": [line for line in owed if line.is_overdue],
            "coming": [line for line in owed if not line.is_overdue],
            "over": lines_of(over.items, now),
            "page": over,
        },
    )


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one obligation: who owes what and why, what was done about it, and how to waive it."""
    row = obligation_seen(actor_of(request), pk, now_of(request))
    return _detail(request, row, WaiveForm(initial={"version": row.version}))


@require_POST
def waive(request: HttpRequest, pk: int) -> HttpResponse:
    """Waive an obligation with a reason; a form that fails keeps what was typed."""
    form = WaiveForm(request.POST)
    row = obligation_seen(actor_of(request), pk, now_of(request))
    if form.is_valid():
        try:
            obligation_waive(
                actor=actor_of(request),
                now=now_of(request),
                pk=pk,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"],
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, "Waived. The reason stays on record.")
            return redirect("obligations:detail", pk=pk)
    return _detail(request, row, form, status=400)


def _detail(request: HttpRequest, row: Obligation, form: WaiveForm, *, status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    (line,) = lines_of([row], now)
    entries = [
        entry
        for entry in entries_about(row.subject_kind, row.subject_key)
        if entry.action.startswith("obligation.") and entry_data(entry).get("obligation") == row.pk
    ]
    remember_people(request, [(entry.actor_kind, entry.actor_id) for entry in entries])
    moments = [
        {
            "at": entry.at,
            "tone": tone_of(entry.action.rpartition(".")[2]),
            "icon": "dot",
            "title": label(entry.action),
            "actor_kind": entry.actor_kind,
            "actor_id": entry.actor_id,
        }
        for entry in entries
    ]
    may_waive = row.is_owed and may(actor, "obligation.waive", Waiving(row, now))
    context = {"line": line, "row": row, "form": form, "may_waive": may_waive, "moments": moments}
    return render(request, "obligations/detail.html", context, status=status)

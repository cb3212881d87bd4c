"""Pages of action items."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.learning.states import ACTION, OWED
from incidents.models import ActionItem
from incidents.models.learning import ACTION_PREFIX
from incidents.selectors.learning import action_seen, actions_seen
from incidents.services.learning.actions import action_edit, action_move
from incidents.web.learning_forms import ActionFilter, ActionForm, StepForm, values_of
from opsportal.audit.actions import label
from opsportal.audit.selectors import entries_about
from opsportal.core.access import may
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS = (
    ("start", "Begin", ""),
    ("finish", "It is done", "btn-primary"),
    ("verify", "It is done, I looked", "btn-primary"),
    ("reopen", "Open it again", ""),
    ("drop", "Drop it", "btn-outline-danger"),
)


@require_safe
def action_list(request: HttpRequest) -> HttpResponse:
    """List action items, the longest due first: those to be done, unless others are asked for."""
    actor, now = actor_of(request), now_of(request)
    form = ActionFilter(request.GET)
    rows = actions_seen(actor, now)
    if form.is_valid():
        state = form.cleaned_data["state"]
        if state in ("", "overdue"):
            rows = rows.filter(state__in=OWED)
        elif state != "any":
            rows = rows.filter(state=state)
        rows = rows.filter(due_at__lte=now) if state == "overdue" else rows
        rows = rows.filter(owner=UUID(actor.id)) if form.cleaned_data["mine"] and actor.is_user else rows
    else:
        rows = rows.none()
    page = page_of(rows, request, order=("due_at", "id"))
    remember_people(request, (("user", str(row.owner_id)) for row in page.items))
    context = {"page": page, "form": form, "now": now, "owed": OWED}
    return render(request, "incidents/learning/actions.html", context, status=200 if form.is_valid() else 400)


@require_safe
def action_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one action item."""
    return _page(request, _seen(request, key))


@require_POST
def action_edited(request: HttpRequest, key: str) -> HttpResponse:
    """Change an action item."""
    item = _seen(request, key)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            action_edit(
                actor=actor_of(request),
                now=now_of(request),
                pk=item.pk,
                fields=_changed(item, form.written()),
                version=form.cleaned_data["version"],
            )
        except (InvalidInput, Conflict, Forbidden) as refusal:
            form.add_refusal(refusal)
            refusals.keep(request, refusal)
        else:
            messages.success(request, f"{item.key} is saved.")
            return redirect("incidents:action-item", item.key)
    return _page(request, item, form=form, status=400)


def _changed(item: ActionItem, written: dict[str, Any]) -> dict[str, Any]:
    """Return what differs: a time that has passed already and was left alone is no mistake."""
    standing = values_of(item)
    standing["due_at"] = item.due_at.replace(second=0, microsecond=0)
    return {name: value for name, value in written.items() if value != standing.get(name)}


@require_POST
def action_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take a step on an action item."""
    item = _seen(request, key)
    form = StepForm(request.POST)
    given = form.cleaned_data if form.is_valid() else {}
    try:
        action_move(
            actor=actor_of(request),
            now=now_of(request),
            pk=item.pk,
            verb=verb,
            text=given.get("text", ""),
            version=given.get("version"),
        )
    except InvalidInput as refusal:
        return _page(request, item, said=str(refusal.errors[0].detail), status=400)
    return redirect("incidents:action-item", item.key)


def _seen(request: HttpRequest, key: str) -> ActionItem:
    number = number_of(key, ACTION_PREFIX)
    if number is None:
        raise NotFound("There is no such action item.")
    return action_seen(actor_of(request), now_of(request), number)


def _page(
    request: HttpRequest,
    item: ActionItem,
    *,
    form: ActionForm | None = None,
    said: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    entries = list(entries_about("action-item", item.key))
    people = [item.owner_id, item.done_by_id, item.verified_by_id]
    remember_people(
        request,
        [
            *(("user", str(person)) for person in people if person),
            *((one.actor_kind, one.actor_id) for one in entries),
        ],
    )
    context = {
        "item": item,
        "said": said,
        "is_overdue": item.state in OWED and item.due_at <= now_of(request),
        "form": form or ActionForm(initial=values_of(item)),
        "may_edit": ACTION.can(item.state, "edit") and may(actor, "action_item.write"),
        "steps": [
            (verb, words, look)
            for verb, words, look in _STEPS
            if ACTION.can(item.state, verb)
            and may(actor, "action_item.verify" if verb == "verify" else "action_item.write", item)
        ],
        "moments": [
            {
                "at": one.at,
                "title": label(one.action),
                "actor_kind": one.actor_kind,
                "actor_id": one.actor_id,
            }
            for one in reversed(entries)
        ],
    }
    return render(request, "incidents/learning/action.html", context, status=status)

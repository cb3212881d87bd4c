"""Steps on a condition of an approval, from the page of the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from changes.models import Change
from changes.services.conditions import (
    change_condition_confirm,
    change_condition_do,
    change_condition_return,
    change_condition_withdraw,
)
from changes.web.loading import change_number, change_seen
from changes.web.page import page_context
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of

_STEPS: Mapping[str, tuple[Callable[..., Change], str, str]] = {
    "done": (change_condition_do, "evidence", "Those who set it are asked to confirm it."),
    "confirm": (change_condition_confirm, "", "The condition is confirmed."),
    "return": (change_condition_return, "reason", "The condition is sent back."),
    "withdraw": (change_condition_withdraw, "reason", "The condition is withdrawn."),
}


class StepForm(PortalForm):
    """What is written on a step, under the ids that it has at its condition."""

    evidence = forms.CharField(required=False, label="What shows that it is met")
    reason = forms.CharField(required=False)


@require_POST
def condition_step(request: HttpRequest, key: str, number: int, verb: str) -> HttpResponse:
    """Take one step on a condition; what is wrong with what was written is said at it."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    service, words, said = _STEPS[verb]
    given = {words: request.POST.get(words, "")} if words else {}
    actor, now = actor_of(request), now_of(request)
    try:
        change = service(actor=actor, now=now, pk=change_number(key), number=number, **given)
    except InvalidInput as refusal:
        form = StepForm(request.POST, auto_id=f"%s-{verb}-condition-{number}")
        form.add_refusal(refusal)
        refused = {"number": number, "verb": verb, "form": form}
        context = {**page_context(request, change_seen(key, actor=actor, now=now)), "refused": refused}
        return render(request, "changes/change.html", context, status=400)
    messages.success(request, said)
    return redirect(f"{reverse('changes:change', args=[change.key])}#conditions")

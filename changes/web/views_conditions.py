"""Steps on a condition of an approval, from the page of the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from changes.models import Change
from changes.services.conditions import (
    change_condition_confirm,
    change_condition_do,
    change_condition_return,
    change_condition_withdraw,
)
from changes.web.loading import change_number
from opsportal.core.errors import NotFound
from opsportal.web.requests import actor_of, now_of

_STEPS: Mapping[str, tuple[Callable[..., Change], str, str]] = {
    "done": (change_condition_do, "evidence", "Those who set it are asked to confirm it."),
    "confirm": (change_condition_confirm, "", "The condition is confirmed."),
    "return": (change_condition_return, "reason", "The condition is sent back."),
    "withdraw": (change_condition_withdraw, "reason", "The condition is withdrawn."),
}


@require_POST
def condition_step(request: HttpRequest, key: str, number: int, verb: str) -> HttpResponse:
    """Take one step on a condition."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    service, words, said = _STEPS[verb]
    given = {words: request.POST.get(words, "")} if words else {}
    change = service(
        actor=actor_of(request), now=now_of(request), pk=change_number(key), number=number, **given
    )
    messages.success(request, said)
    return redirect(f"{reverse('changes:change', args=[change.key])}#conditions")

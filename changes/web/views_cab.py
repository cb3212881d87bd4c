"""The agenda of a board: what waits for its votes, decided on the same page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from changes.selectors.meetings import meetings_near
from changes.services.template_rounds import template_recuse
from changes.services.templates import template_vote
from changes.web.agenda import Card, card_of, people_of, tabs_for, waiting_for
from changes.web.forms import VoteForm
from changes.web.loading import change_number
from changes.web.views_change import vote_cast
from opsportal.accounts.models import Role
from opsportal.approvals.outcome import Decision
from opsportal.core.errors import InvalidInput, NotFound, Refusal
from opsportal.web import refusals
from opsportal.web.navigation import PLACES, item_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, is_htmx, now_of

MEETINGS_SHOWN = 6
_DONE = {"approve": "approved", "reject": "rejected", "abstain": "abstained on"}


@require_safe
def agenda(request: HttpRequest, board: str = "") -> HttpResponse:
    """Show what waits for this board, or for the reader, and when boards meet."""
    actor, now = actor_of(request), now_of(request)
    role = Role.objects.filter(slug=board).first() if board else None
    if board and role is None:
        raise NotFound("There is no such board.")
    cards, elsewhere = waiting_for(board, actor, now)
    remember_people(request, people_of(cards))
    context = {
        "cards": cards,
        "elsewhere": elsewhere,
        "to_decide": len(cards) + len(elsewhere),
        "board": board,
        "role": role,
        "tabs": tabs_for(board, actor, now),
        "meetings": meetings_near(board)[:MEETINGS_SHOWN],
    }
    return render(request, "changes/cab.html", context)


@require_POST
def agenda_vote(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Cast a vote, or ask a question, and show the card as it stands then."""
    board = request.POST.get("board", "")
    return vote_answered(
        request,
        kind,
        key,
        vote_on,
        back=reverse("changes:board", args=[board]) if board else reverse("changes:cab"),
        context={"board": board},
    )


def vote_answered(
    request: HttpRequest,
    kind: str,
    key: str,
    cast: Callable[[HttpRequest, str, str, VoteForm], str],
    *,
    back: str,
    context: Mapping[str, Any],
) -> HttpResponse:
    """Read a vote on a change or template, have it cast by `cast`, and answer with its card.

    `context` is what the card is drawn with: the `board` whose agenda it is on, or the `meeting`. Without
    htmx the answer leads `back`.
    """
    form = VoteForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidInput.of_fields({name: str(errors[0]) for name, errors in form.errors.items()})
        said = cast(request, kind, key, form)
    except Refusal as refusal:
        if not is_htmx(request):
            raise
        refusals.keep(request, refusal)
        return _refused(request, card_of(kind, key, actor_of(request), now_of(request)), refusal, context)
    if not is_htmx(request):
        messages.success(request, said)
        return redirect(back)
    return _voted(request, card_of(kind, key, actor_of(request), now_of(request)), said, context)


def vote_on(request: HttpRequest, kind: str, key: str, form: VoteForm) -> str:
    """Cast the vote of a valid form on a change or a template; return what was done, in words."""
    given = form.cleaned_data
    if kind == "change":
        return vote_cast(request, change_number(key), given)
    if given["decision"] == "ask":
        raise InvalidInput.of(
            "decision", "not_here", "Questions are asked on changes; reject with a comment here."
        )
    if given["decision"] == "recuse":
        template = template_recuse(
            actor=actor_of(request), now=now_of(request), slug=key, reason=given["comment"]
        )
        return f"You stated a conflict of interest on “{template.title}”."
    if given["conditions"]:
        raise InvalidInput.of(
            "conditions", "not_here", "A template is approved as it is; reject it with what it lacks."
        )
    template = template_vote(
        actor=actor_of(request),
        now=now_of(request),
        slug=key,
        decision=Decision(given["decision"]),
        content_hash=given["content_hash"],
        comment=given["comment"],
        stage=given["stage"],
        on_behalf_of=given["on_behalf_of"],
    )
    return f"You {_DONE[given['decision']]} “{template.title}”."


def _voted(request: HttpRequest, card: Card, said: str, context: Mapping[str, Any]) -> HttpResponse:
    """Show the card as it stands now, and beside it the counts that have changed by the vote."""
    remember_people(request, people_of([card]))
    shown = {**context, "card": card, "focus": True, "just": said, "item": item_of(request, PLACES["cab"])}
    if "meeting" not in context:
        shown["tabs"] = tabs_for(context["board"], actor_of(request), now_of(request))
    response = render(request, "changes/parts/voted.html", shown)
    response["HX-Trigger"] = json.dumps({"op:said": {"value": said}})
    return response


def _refused(request: HttpRequest, card: Card, refusal: Refusal, context: Mapping[str, Any]) -> HttpResponse:
    """Show the card with the reason on it and what was typed, in its own place."""
    typed = request.POST.get("comment", "")
    extra = {"notice": refusals.notice_of(refusal, request), "typed": typed, "open": True}
    remember_people(request, people_of([card]))
    shown = {**context, "card": card, "focus": True, **extra}
    response = render(request, "changes/parts/card.html", shown)
    response.status_code = refusal.status
    response["HX-Retarget"] = f"#{card.element_id}"
    response["HX-Reswap"] = "outerHTML"
    return response

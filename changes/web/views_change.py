"""One change: its page, the steps on it, votes, comments, attestations, and closing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes.models import Change, ChangeComment
from changes.services.activation import change_activate_standard
from changes.services.closing import change_attest, change_cancel
from changes.services.comments import change_comment
from changes.services.holding import change_hold, change_release
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.objections import change_accept_answer, change_answer, change_uphold_objection
from changes.services.recounting import change_recuse
from changes.services.schedule import change_schedule
from changes.services.submission import change_withdraw
from changes.services.votes import change_vote
from changes.web.forms import ReasonForm, VoteForm
from changes.web.loading import change_number, change_seen
from changes.web.page import page_context
from changes.web.steps import LOOKS
from changes.web.views_write import submitted
from opsportal.approvals.outcome import Decision
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.web import refusals
from opsportal.web.requests import actor_of, now_of

Move = Callable[..., Change]


def _answer(*, reason: str, **given: Any) -> Change:
    return change_answer(answer=reason, **given)


_MOVES: Mapping[str, tuple[Move, str]] = {
    "withdraw": (change_withdraw, "is a draft again."),
    "schedule": (change_schedule, "is scheduled."),
    "start": (change_start, "is under way."),
    "activate_standard": (change_activate_standard, "has put its standard in force. Report it as done next."),
    "complete": (change_complete, "is done. Write its review next."),
    "fail": (change_fail, "is reported as failed."),
    "roll_back": (change_roll_back, "is reported as rolled back."),
    "hold": (change_hold, "is on hold."),
    "release": (change_release, "may go on."),
    "answer": (_answer, "is answered. The board decides next."),
    "accept": (change_accept_answer, "is settled. It may be closed."),
    "uphold": (change_uphold_objection, "waits for another answer."),
    "cancel": (change_cancel, "is cancelled."),
}
_VOTED = {"approve": "You approved", "reject": "You rejected", "abstain": "You abstained on"}


@require_safe
def change_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show all of one change."""
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    if key != seen.key:
        return redirect("changes:change", seen.key)
    return render(request, "changes/change.html", page_context(request, seen))


@require_http_methods(["GET", "HEAD", "POST"])
def change_move(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take one step on a change; a GET asks for its reason on a page of its own."""
    if verb == "submit" and request.method == "POST":
        return submitted(request, key, version=version_of(request))
    if verb not in _MOVES:
        raise NotFound("There is no such step.")
    if request.method != "POST":
        return _reason_page(request, key, verb, ReasonForm(initial={"version": request.GET.get("version")}))
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _reason_page(request, key, verb, form, status=400)
    move, words = _MOVES[verb]
    given: dict[str, Any] = {"reason": form.cleaned_data["reason"]} if LOOKS[verb].reason else {}
    try:
        change = move(
            actor=actor_of(request),
            now=now_of(request),
            pk=change_number(key),
            version=form.cleaned_data["version"],
            **given,
        )
    except InvalidInput as refusal:
        form.add_refusal(refusal)
        return _reason_page(request, key, verb, form, status=400)
    messages.success(request, f"{change.key} {words}")
    return redirect("changes:change", change.key)


@require_POST
def change_voted(request: HttpRequest, key: str) -> HttpResponse:
    """Cast a vote, or ask a question, from the page of the change; what is missing is said beside it."""
    form = VoteForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidInput.of_fields({name: str(errors[0]) for name, errors in form.errors.items()})
        said = vote_cast(request, change_number(key), form.cleaned_data)
    except InvalidInput as refusal:
        refusals.keep(request, refusal)
        return _vote_refused(request, key, refusal)
    messages.success(request, said)
    return redirect("changes:change", key.upper())


def _vote_refused(request: HttpRequest, key: str, refusal: InvalidInput) -> HttpResponse:
    """Show the page of the change with the reason, and with what was typed, where the vote was cast."""
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    typed = {
        "vote_notice": refusals.notice_of(refusal, request),
        "voted_stage": request.POST.get("stage", ""),
        "typed": request.POST.get("comment", ""),
        "typed_conditions": request.POST.get("conditions", ""),
    }
    return render(request, "changes/change.html", page_context(request, seen) | typed, status=refusal.status)


def vote_cast(request: HttpRequest, pk: int, given: Mapping[str, Any]) -> str:
    """Cast the vote or ask the question of a valid `VoteForm`; return what was done, in words."""
    actor, now = actor_of(request), now_of(request)
    if given["decision"] == "ask":
        comment = change_comment(
            actor=actor, now=now, pk=pk, text=given["comment"], kind=ChangeComment.Kind.QUESTION
        )
        return f"Your question on {comment.change.key} is on its way."
    if given["decision"] == "recuse":
        change = change_recuse(actor=actor, now=now, pk=pk, reason=given["comment"])
        return f"You stated a conflict of interest on {change.key}; others decide it."
    change = change_vote(
        actor=actor,
        now=now,
        pk=pk,
        decision=Decision(given["decision"]),
        content_hash=given["content_hash"],
        comment=given["comment"],
        stage=given["stage"],
        on_behalf_of=given["on_behalf_of"],
        conditions=given["conditions"],
    )
    words = ", on conditions" if given["conditions"] else ""
    return f"{_VOTED[given['decision']]} {change.key}{words}."


@require_POST
def change_attested(request: HttpRequest, key: str) -> HttpResponse:
    """Attest a duty."""
    change_attest(
        actor=actor_of(request),
        now=now_of(request),
        pk=change_number(key),
        duty=request.POST.get("duty", ""),
        evidence=request.POST.get("evidence", ""),
    )
    return redirect(f"{reverse('changes:change', args=[key.upper()])}#duties")


def _reason_page(
    request: HttpRequest, key: str, verb: str, form: ReasonForm, *, status: int = 200
) -> HttpResponse:
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    context = {"seen": seen, "form": form, "look": LOOKS[verb], "verb": verb}
    return render(request, "changes/move.html", context, status=status)


def version_of(request: HttpRequest) -> int | None:
    """Return the version that the form was made from, None where it names none. Raises `InvalidInput`."""
    text = request.POST.get("version", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput.of("version", "invalid", "The version is a whole number.")
    return int(text)

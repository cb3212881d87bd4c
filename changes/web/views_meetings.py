"""Pages of meetings: the list, one with its agenda, calling, changing and ending it, votes in it, minutes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes.models import Meeting
from changes.selectors.meetings import meeting_by_key, meetings_ahead, meetings_loaded
from changes.services.meeting_agenda import meeting_attend, meeting_item_add, meeting_item_remove
from changes.services.meeting_decisions import meeting_decide
from changes.services.meetings import (
    case_of_meeting,
    meeting_call,
    meeting_cancel,
    meeting_close,
    meeting_edit,
)
from changes.web.forms import VoteForm
from changes.web.meeting_forms import ItemForm, MeetingForm, OverForm
from changes.web.meeting_page import MINUTES_COLUMNS, lines_of, meeting_context, minutes_rows
from changes.web.steps import Look
from changes.web.views_cab import vote_answered, vote_on
from opsportal.accounts.models import Role
from opsportal.approvals.outcome import Decision
from opsportal.calendar.recurrence import RHYTHMS
from opsportal.calendar.web.choices import zones
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.core.keys import parse_key
from opsportal.web.csv import csv_response
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of

_DECIDED = {"approve": "approved", "reject": "rejected", "abstain": "abstained on"}
_ENDS = {
    "close": Look(
        "Close the minutes",
        "check",
        "btn-primary",
        "optional",
        "What was said beyond the votes. Nothing of the meeting changes afterwards.",
    ),
    "cancel": Look("Cancel the meeting", "cross", "op-btn-bad", "required", "The members read it."),
}


@require_safe
def meeting_list(request: HttpRequest) -> HttpResponse:
    """Show the meetings ahead, and all that are over, the latest first."""
    over = meetings_loaded().exclude(state="planned")
    page = page_of(over, request, order=("-starts_at", "-id"))
    context = {"ahead": meetings_ahead()[:50], "page": page, "may_call": bool(_boards(request))}
    return render(request, "changes/meetings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_new(request: HttpRequest) -> HttpResponse:
    """Call a meeting."""
    boards = _boards(request)
    if not boards:
        raise Forbidden("Only members of a board and administrators call meetings.")
    form = MeetingForm(_posted(request), boards=boards, initial={"board": request.GET.get("board", "")})
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            made = meeting_call(actor=actor_of(request), now=now_of(request), fields=form.values)
        except (InvalidInput, Conflict) as refusal:
            form.add_refusal(refusal)
            status = refusal.status
        else:
            messages.success(request, f"{made.key} is called; the members are invited.")
            return redirect("changes:meeting", made.key)
    return render(request, "changes/meeting_form.html", _form_context(form), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_edited(request: HttpRequest, key: str) -> HttpResponse:
    """Change a planned meeting."""
    meeting = meeting_by_key(key)
    actor, now = actor_of(request), now_of(request)
    require(actor, "meeting.edit", case_of_meeting(actor, meeting.board, now))
    board = (meeting.board.slug, meeting.board.title)
    form = MeetingForm(_posted(request), boards=[board], initial=MeetingForm.initial_of(meeting))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        version = form.cleaned_data["version"]
        try:
            meeting_edit(actor=actor, now=now, pk=meeting.pk, version=version, **form.values)
        except (InvalidInput, Conflict) as refusal:
            form.add_refusal(refusal)
            status = refusal.status
        else:
            messages.success(request, "Saved.")
            return redirect("changes:meeting", meeting.key)
    return render(request, "changes/meeting_form.html", _form_context(form, meeting), status=status)


@require_safe
def meeting_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one meeting: its agenda with all to decide on it, who is there, what was decided."""
    meeting = meeting_by_key(key)
    if key != meeting.key:
        return redirect("changes:meeting", meeting.key)
    return _page(request, meeting, ItemForm())


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_over(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Cancel a meeting or close its minutes; a GET asks for the words on a page of its own."""
    meeting, look = meeting_by_key(key), _ENDS[verb]
    actor, now = actor_of(request), now_of(request)
    require(actor, f"meeting.{verb}", case_of_meeting(actor, meeting.board, now))
    form = OverForm(_posted(request), initial={"version": meeting.version})
    form.fields["words"].label = "Minutes" if verb == "close" else "Reason"
    if form.is_valid():
        given: dict[str, Any] = {"version": form.cleaned_data["version"]}
        words = form.cleaned_data["words"]
        end = partial(meeting_cancel, reason=words)
        if verb == "close":
            end = partial(meeting_close, minutes=words)
        try:
            ended = end(actor=actor, now=now, pk=meeting.pk, **given)
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, f"{ended.key} is {ended.get_state_display().lower()}.")
            return redirect("changes:meeting", ended.key)
    lines = lines_of(meeting, actor, now)
    context = {"meeting": meeting, "form": form, "look": look, "verb": verb, "lines": lines}
    return render(request, "changes/meeting_over.html", context, status=400 if form.is_bound else 200)


@require_POST
def meeting_voted(request: HttpRequest, key: str, kind: str, subject: str) -> HttpResponse:
    """Cast one's vote in a meeting, or ask a question, and show the card as it stands then."""
    meeting = meeting_by_key(key)
    context = {"meeting": meeting, "in_meeting": True, "board": ""}
    back = f"{reverse('changes:meeting', args=[meeting.key])}#card-{kind}-{subject}"
    return vote_answered(request, kind, subject, partial(_decide, meeting), back=back, context=context)


@require_POST
def item_added(request: HttpRequest, key: str) -> HttpResponse:
    """Put something on the agenda."""
    meeting = meeting_by_key(key)
    form = ItemForm(request.POST)
    if form.is_valid():
        about = form.cleaned_data["about"].strip()
        parsed = parse_key(about)
        what = {"change": about.upper()} if parsed and parsed[0] == "CHG" else {"title": about}
        try:
            meeting_item_add(
                actor=actor_of(request),
                now=now_of(request),
                pk=meeting.pk,
                reason=form.cleaned_data["reason"],
                **what,
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, "It is on the agenda.")
            return redirect("changes:meeting", meeting.key)
    return _page(request, meeting, form, status=400)


@require_POST
def item_removed(request: HttpRequest, key: str, item: str) -> HttpResponse:
    """Take something off the agenda."""
    meeting = meeting_by_key(key)
    meeting_item_remove(actor=actor_of(request), now=now_of(request), pk=meeting.pk, item=int(item))
    messages.success(request, "It is off the agenda.")
    return redirect("changes:meeting", meeting.key)


@require_POST
def attended(request: HttpRequest, key: str) -> HttpResponse:
    """Note whether somebody is there."""
    meeting = meeting_by_key(key)
    meeting_attend(
        actor=actor_of(request),
        now=now_of(request),
        pk=meeting.pk,
        person=request.POST.get("person", ""),
        presence=request.POST.get("presence", ""),
    )
    return redirect(f"{reverse('changes:meeting', args=[meeting.key])}#attendance")


@require_safe
def minutes_export(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Send the minutes as a file: what was on the agenda, who decided what, on which content, and when."""
    meeting = meeting_by_key(key)
    lines = lines_of(meeting, actor_of(request), now_of(request))
    return csv_response(f"minutes-{meeting.key}", MINUTES_COLUMNS, minutes_rows(meeting, lines))


def _decide(meeting: Meeting, request: HttpRequest, kind: str, key: str, form: VoteForm) -> str:
    given = form.cleaned_data
    if given["decision"] in {"ask", "recuse"}:
        return vote_on(request, kind, key, form)
    row = meeting_decide(
        actor=actor_of(request),
        now=now_of(request),
        pk=meeting.pk,
        kind=kind,
        key=key,
        decision=Decision(given["decision"]),
        content_hash=given["content_hash"],
        comment=given["comment"],
        stage=given["stage"],
        on_behalf_of=given["on_behalf_of"],
        conditions=given["conditions"],
    )
    return f"You {_DECIDED[row.vote.decision]} {key} in {meeting.key}."


def _page(request: HttpRequest, meeting: Meeting, form: ItemForm, *, status: int = 200) -> HttpResponse:
    context = meeting_context(request, meeting, actor_of(request), now_of(request))
    return render(request, "changes/meeting.html", {**context, "form": form}, status=status)


def _form_context(form: MeetingForm, meeting: Meeting | None = None) -> dict[str, Any]:
    return {"form": form, "meeting": meeting, "rhythms": RHYTHMS, "zones": zones()}


def _boards(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the boards (slug, title) of which the reader may call a meeting."""
    actor, now = actor_of(request), now_of(request)
    boards = Role.objects.filter(kind=Role.Kind.BOARD).order_by("title")
    return [
        (board.slug, board.title)
        for board in boards
        if may(actor, "meeting.call", case_of_meeting(actor, board, now))
    ]


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None

"""Pages of handovers: those under way, and one with its list, its notes and both signatures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.models import Handover
from incidents.permissions.roster import HandoverCase
from incidents.selectors.handovers import incidents_handed_over
from incidents.selectors.response import seen_by
from incidents.selectors.roster import handover_seen, handovers_loaded, last_test, schedules_to_follow
from incidents.services.oncall.scene import case_of
from incidents.services.roster.handovers import (
    handover_note,
    handover_open,
    handover_sign,
    handover_tick,
)
from incidents.states import HANDOVER
from incidents.web.roster_forms import HandoverForm, NotesForm
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse
from opsportal.core.access import may
from opsportal.core.errors import Refusal
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

MOST_INCIDENTS = 30


@require_http_methods(["GET", "HEAD", "POST"])
def handovers(request: HttpRequest) -> HttpResponse:
    """List handovers, the newest first, and open one by hand."""
    actor, now, status = actor_of(request), now_of(request), 200
    form = HandoverForm(
        request.POST if request.method == "POST" else None, schedules=schedules_to_follow(actor)
    )
    if request.method == "POST":
        try:
            if form.is_valid():
                made = handover_open(actor=actor, now=now, **form.cleaned_data)
                return redirect("incidents:handover", made.pk)
            status = 400
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
    page = page_of(handovers_loaded(), request, order=("-at", "-id"))
    people = [person for one in page.items for person in (one.outgoing_id, one.incoming_id)]
    remember_people(request, [("user", str(person)) for person in people])
    context = {"page": page, "form": form, "now": now}
    return render(request, "incidents/roster/handovers.html", context, status=status)


@require_safe
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a handover with the steps that the reader may take."""
    found = handover_seen(pk)
    return render(request, "incidents/roster/handover.html", _context(request, found, _notes(found)))


@require_POST
def handover_noted(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the notes."""
    form = NotesForm(request.POST)
    found = handover_seen(pk)
    if not form.is_valid():
        return render(request, "incidents/roster/handover.html", _context(request, found, form), status=400)
    try:
        handover_note(actor=actor_of(request), now=now_of(request), pk=pk, **form.cleaned_data)
    except FORM_REFUSALS as refusal:
        status = refuse(request, form, refusal, version=found.version)
        return render(
            request, "incidents/roster/handover.html", _context(request, found, form), status=status
        )
    messages.success(request, "The notes are stored.")
    return redirect("incidents:handover", pk)


@require_POST
def handover_ticked(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a step is done, or not after all."""
    done = request.POST.get("done") == "1"
    try:
        handover_tick(
            actor=actor_of(request),
            now=now_of(request),
            pk=pk,
            step=request.POST.get("step", ""),
            done=done,
        )
    except Refusal as refusal:
        refusals.keep(request, refusal)
        messages.error(request, refusal.detail)
    return redirect("incidents:handover", pk)


@require_POST
def handover_signed(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign it."""
    try:
        found = handover_sign(actor=actor_of(request), now=now_of(request), pk=pk)
    except Refusal as refusal:
        refusals.keep(request, refusal)
        messages.error(request, refusal.detail)
    else:
        complete = found.state == "complete"
        messages.success(request, "Signed. The handover is complete." if complete else "Signed.")
    return redirect("incidents:handover", pk)


def _notes(found: Handover) -> NotesForm:
    return NotesForm(initial={"notes": found.notes, "version": found.version})


def _page_of(key: str) -> str:
    return f"/incidents/{key}/"


def _context(request: HttpRequest, found: Handover, form: NotesForm) -> dict[str, Any]:
    actor, now = actor_of(request), now_of(request)
    case = case_of(actor, found.schedule, now)
    seen = HandoverCase(found, of_the_team=case.of_the_team, takes_part=case.takes_part)
    under_way = found.state not in {"complete", "cancelled"}
    done = {row.step: row for row in found.done.all()}
    verb = "give" if actor.id == str(found.outgoing_id) else "receive"
    people = [found.outgoing_id, found.incoming_id, *(row.person_id for row in done.values())]
    remember_people(request, [("user", str(person)) for person in people])
    incidents = incidents_handed_over(found).filter(seen_by(actor, now))
    return {
        "handover": found,
        "form": form,
        "steps": [{**step, "done": done.get(step["id"])} for step in found.checklist],
        "left": len(found.checklist) - len(done),
        "under_way": under_way,
        "is_late": under_way and found.late_at <= now,
        "may_work": under_way and may(actor, "handover.work", seen),
        "may_sign": may(actor, "handover.sign", seen) and HANDOVER.can(found.state, verb),
        "incidents": [(one, _page_of(one.key)) for one in incidents[:MOST_INCIDENTS]] if under_way else [],
        "closed_incidents": [] if under_way else [(key, _page_of(key)) for key in found.open_incidents],
        "test": last_test(found.incoming_id),
        "moments": moments_of(request, "handover", str(found.pk), lambda data: str(data.get("step", ""))),
    }

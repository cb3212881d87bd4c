"""Following a runbook: starting, ticking off, ending."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from incidents.models import RunbookRun
from incidents.runbook.states import RUN, STEP
from incidents.selectors.runbooks import run_seen
from incidents.services.runbooks.running import run_abandon, run_complete, run_start, run_step
from incidents.web.runbooks_forms import NoteForm, StartForm
from opsportal.core.access import may
from opsportal.core.errors import Conflict, InvalidInput, NotFound, Refusal
from opsportal.web import refusals
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, is_htmx, now_of

_ENDS = {"complete": run_complete, "abandon": run_abandon}


@require_POST
def run_started(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin to follow a runbook, and show the run."""
    form = StartForm(request.POST)
    if not form.is_valid():
        raise InvalidInput.of_fields({name: str(errors[0]) for name, errors in form.errors.items()})
    run = run_start(actor=actor_of(request), now=now_of(request), slug=slug, **form.cleaned_data)
    return redirect("incidents:runbook-run", run.pk)


@require_safe
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a run: what is done, by whom, and what is next."""
    return _page(request, run_seen(actor_of(request), now_of(request), pk))


@require_POST
def run_ticked(request: HttpRequest, pk: int, number: int, verb: str) -> HttpResponse:
    """Tick off one step, or open it again; htmx gets the list of steps anew."""
    form = NoteForm(request.POST)
    values = form.cleaned_data if form.is_valid() else {}
    actor, now = actor_of(request), now_of(request)
    try:
        run_step(
            actor=actor,
            now=now,
            pk=pk,
            number=number,
            verb=verb,
            note=values.get("note", ""),
            version=values.get("version"),
        )
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _page(request, run_seen(actor, now, pk), refusal=refusal, number=number)
    if is_htmx(request):
        return _page(request, run_seen(actor, now, pk))
    return redirect(f"{reverse('incidents:runbook-run', args=[pk])}#step-{number}")


@require_POST
def run_ended(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """End a run, finished or not."""
    if verb not in _ENDS:
        raise NotFound("There is no such step.")
    form = NoteForm(request.POST)
    outcome = form.cleaned_data["note"] if form.is_valid() else ""
    actor, now = actor_of(request), now_of(request)
    try:
        run = _ENDS[verb](actor=actor, now=now, pk=pk, outcome=outcome)
    except (InvalidInput, Conflict) as refusal:
        refusals.keep(request, refusal)
        return _page(request, run_seen(actor, now, pk), refusal=refusal)
    messages.success(request, "The run is ended." if verb == "abandon" else "The run is complete.")
    return redirect("incidents:runbook-run", run.pk)


def _page(
    request: HttpRequest, run: RunbookRun, *, refusal: Refusal | None = None, number: int = 0
) -> HttpResponse:
    actor = actor_of(request)
    steps = list(run.steps.all())
    people = [run.started_by_id, run.ended_by_id, *(step.by_id for step in steps)]
    remember_people(request, [("user", str(person)) for person in people if person])
    next_open = next((step.number for step in steps if step.state == "open"), 0)
    context = {
        "run": run,
        "steps": steps,
        "open": sum(step.state == "open" for step in steps),
        "next_open": next_open,
        "verbs": {state: sorted(STEP.verbs(state)) for state in STEP.states},
        "may_step": RUN.can(run.state, "step") and may(actor, "runbook.run"),
        "refusal": refusal,
        "refused_number": number,
    }
    template = "run_steps.html" if is_htmx(request) else "run.html"
    status = refusal.status if refusal and not is_htmx(request) else 200
    return render(request, f"incidents/runbooks/{template}", context, status=status)

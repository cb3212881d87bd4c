"""Writing a runbook, with a look at it beforehand."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from incidents.models import Runbook
from incidents.permissions.runbooks import RunbookCase
from incidents.runbook.templates import TEMPLATES
from incidents.runbook.text import SECTIONS, filled_sections, sections_of
from incidents.selectors.runbooks import runbook_by_slug, version_of
from incidents.services.runbooks.writing import case_of, runbook_create, runbook_edit
from incidents.web.runbooks_forms import RunbookForm, team_choices, values_of
from opsportal.accounts.selectors import teams_of
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.web import refusals
from opsportal.web.requests import actor_of, is_htmx, now_of

MAX_PREVIEW = 60_000


@require_http_methods(["GET", "HEAD", "POST"])
def runbook_write(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Write a new runbook, or another version of one. `preview` only shows what it would look like."""
    actor, now = actor_of(request), now_of(request)
    runbook = runbook_by_slug(slug) if slug else None
    teams = _teams(request, runbook)
    if runbook is not None:
        require(actor, "runbook.write", case_of(runbook, now))
    elif not teams:  # refuses, and says who may
        require(actor, "runbook.write", RunbookCase("", "", now))
    if request.method != "POST":
        form = RunbookForm(runbook=runbook, teams=teams, initial=_begin(request, runbook, teams))
        return _form_page(request, form, runbook)
    form = RunbookForm(request.POST, runbook=runbook, teams=teams)
    if "preview" in request.POST:
        return _preview(request, form, runbook)
    if not form.is_valid():
        return _form_page(request, form, runbook, status=400)
    try:
        if runbook is None:
            made = runbook_create(actor=actor, now=now, slug=form.cleaned_data["slug"], fields=form.written())
        else:
            version = form.cleaned_data["version"]
            made = runbook_edit(actor=actor, now=now, slug=slug, fields=form.written(), version=version)
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, runbook, status=refusal.status)
    messages.success(request, f"“{made.title}” is saved.")
    return redirect("incidents:runbook", made.slug)


def _teams(request: HttpRequest, runbook: Runbook | None) -> list[tuple[str, str]]:
    """Return the teams that the reader may make owner; the present one is among them anyway."""
    actor, now = actor_of(request), now_of(request)
    if may(actor, "runbook.write", RunbookCase("", "", now)):
        return team_choices(None)
    mine = teams_of(actor.id, now.date()) if actor.is_user else set()
    return team_choices(mine | ({runbook.owner_team.slug} if runbook else set()))


def _begin(request: HttpRequest, runbook: Runbook | None, teams: list[tuple[str, str]]) -> dict[str, object]:
    if runbook is not None:
        return values_of(runbook, version_of(runbook, runbook.latest).text)
    kind = request.GET.get("kind", "outage")
    template = TEMPLATES.get(kind, TEMPLATES["outage"])
    return {
        "kind": template.kind,
        "text": template.text,
        "keeper": actor_of(request).id,
        "team": teams[0][0] if teams else "",
        "services": [request.GET.get("service", "")],
    }


def _preview(request: HttpRequest, form: RunbookForm, runbook: Runbook | None) -> HttpResponse:
    text = request.POST.get("text", "")[:MAX_PREVIEW].replace("\r\n", "\n")
    filled = filled_sections(text)
    context: dict[str, object] = {
        "sections": sections_of(text),
        "missing": [title for key, title in SECTIONS.items() if not filled[key]],
    }
    if is_htmx(request):
        return render(request, "incidents/runbooks/preview.html", context)
    return _form_page(request, form, runbook, preview=context)


def _form_page(
    request: HttpRequest,
    form: RunbookForm,
    runbook: Runbook | None,
    *,
    status: int = 200,
    preview: dict[str, object] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "runbook": runbook,
        "templates": TEMPLATES.values(),
        "preview": preview,
    }
    return render(request, "incidents/runbooks/form.html", context, status=status)

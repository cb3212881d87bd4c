"""Pages of services: list, one service, new, edit, retire, dependencies."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.accounts.models import Team
from opsportal.accounts.services.periods import utc_day
from opsportal.catalog import selectors
from opsportal.catalog.permissions import Ownership
from opsportal.catalog.services import (
    dependency_add,
    dependency_remove,
    service_create,
    service_reinstate,
    service_retire,
    service_update,
)
from opsportal.catalog.states import SERVICE
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse, teams_to_own
from opsportal.catalog.web.forms import (
    DependencyForm,
    NewServiceForm,
    ReasonForm,
    ServiceFilter,
    ServiceForm,
)
from opsportal.core.access import may, require
from opsportal.core.errors import NotFound
from opsportal.web.forms import PortalForm
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of

SUGGESTED = 500


@require_safe
def services(request: HttpRequest) -> HttpResponse:
    """List services, those in use unless another state is asked for."""
    teams = list(Team.objects.values_list("slug", "name"))
    form = ServiceFilter({"state": "active", **request.GET.dict()}, teams=teams)
    rows = selectors.services()
    if form.is_valid():
        wanted = form.cleaned_data
        if wanted["q"]:
            rows = rows.filter(selectors.matching(wanted["q"]))
        if wanted["tier"]:
            rows = rows.filter(tier=wanted["tier"])
        if wanted["team"]:
            rows = rows.filter(owner_team__slug=wanted["team"])
        if wanted["state"] not in {"", "any"}:
            rows = rows.filter(state=wanted["state"])
    else:
        rows = rows.none()
    context = {
        "page": page_of(rows, request, order=("name", "id")),
        "form": form,
        "may_add": bool(teams_to_own(request)),
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "catalog/services.html", context, status=200 if form.is_valid() else 400)


@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one service: who owns it, what it leans on and what leans on it, what happened lately."""
    return _detail(request, slug)


@require_http_methods(["GET", "HEAD", "POST"])
def service_new(request: HttpRequest) -> HttpResponse:
    """Add a service."""
    actor, now = actor_of(request), now_of(request)
    teams = teams_to_own(request)
    if not teams:  # refuses, and says who may
        require(actor, "service.write", Ownership("", utc_day(now)))
    form = NewServiceForm(request.POST if request.method == "POST" else None, teams=teams)
    status = _status_of(form)
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            made = service_create(actor=actor, now=now, **values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, f"{made.name} is in the catalogue.")
            return redirect("catalog:service", made.slug)
    return render(request, "catalog/service_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def service_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a service."""
    actor, now = actor_of(request), now_of(request)
    shown = selectors.service_by_slug(slug)
    require(actor, "service.write", Ownership(shown.owner_team.slug, utc_day(now)))
    teams = teams_to_own(request, keep=shown.owner_team)
    posted = request.method == "POST"
    form = ServiceForm(request.POST, teams=teams) if posted else ServiceForm.of(shown, teams=teams)
    status = _status_of(form)
    if form.is_valid():
        try:
            service_update(actor=actor, now=now, slug=slug, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Saved.")
            return redirect("catalog:service", slug)
    return render(request, "catalog/service_form.html", {"form": form, "service": shown}, status=status)


@require_POST
def service_move(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Retire or reinstate a service."""
    form = ReasonForm(request.POST)
    status = 400
    if form.is_valid():
        move = {"retire": service_retire, "reinstate": service_reinstate}[verb]
        try:
            move(actor=actor_of(request), now=now_of(request), slug=slug, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Retired." if verb == "retire" else "Back in use.")
            return redirect("catalog:service", slug)
    return _detail(request, slug, move_form=form, status=status)


@require_POST
def dependency_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a service depend on another."""
    form = DependencyForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            dependency_add(actor=actor_of(request), now=now_of(request), service=slug, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Added.")
            return redirect("catalog:service", slug)
    return _detail(request, slug, dependency_form=form, status=status)


@require_POST
def dependency_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let a service no longer depend on another."""
    if not selectors.dependencies_of(selectors.service_by_slug(slug)).filter(pk=pk).exists():
        raise NotFound("There is no such dependency.")
    dependency_remove(actor=actor_of(request), now=now_of(request), dependency_id=pk)
    messages.success(request, "Removed.")
    return redirect("catalog:service", slug)


def _detail(
    request: HttpRequest,
    slug: str,
    *,
    dependency_form: DependencyForm | None = None,
    move_form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = selectors.service_by_slug(slug)
    may_write = may(
        actor_of(request), "service.write", Ownership(shown.owner_team.slug, utc_day(now_of(request)))
    )
    suggested: list[str] = []
    if may_write and shown.state == "active":
        others = selectors.services().filter(state="active").exclude(pk=shown.pk)
        suggested = list(others.order_by("slug").values_list("slug", flat=True)[:SUGGESTED])
    context = {
        "service": shown,
        "dependencies": list(selectors.dependencies_of(shown)),
        "dependants": list(selectors.dependants_of(shown)),
        "may_write": may_write,
        "verbs": SERVICE.verbs(shown.state) if may_write else (),
        "suggested": suggested,
        "dependency_form": dependency_form or DependencyForm(auto_id="dependency_%s"),
        "move_form": move_form or ReasonForm(initial={"version": shown.version}),
        "moments": moments_of(request, "service", slug),
    }
    return render(request, "catalog/service.html", context, status=status)


def _status_of(form: PortalForm) -> int:
    return 400 if form.is_bound and not form.is_valid() else 200

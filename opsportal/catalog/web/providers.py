"""Pages of external providers: list, one provider, new, edit, retire."""

from __future__ import annotations

from datetime import UTC

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.accounts.services.periods import utc_day
from opsportal.catalog import selectors
from opsportal.catalog.permissions import Ownership
from opsportal.catalog.services import provider_create, provider_move, provider_update
from opsportal.catalog.states import PROVIDER
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse, teams_to_own
from opsportal.catalog.web.forms import NewProviderForm, ProviderForm, ReasonForm
from opsportal.core.access import may, require
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of


@require_safe
def provider_list(request: HttpRequest) -> HttpResponse:
    """List external providers, with the day on which each key ends."""
    page = page_of(selectors.providers(), request, order=("name", "id"))
    today = now_of(request).astimezone(UTC).date()
    context = {
        "page": page,
        "rows": [{"provider": one, "days": one.days_left(today)} for one in page.items],
        "warning_days": selectors.KEY_WARNING_DAYS,
        "may_add": bool(teams_to_own(request)),
    }
    return render(request, "catalog/providers.html", context)


@require_safe
def provider(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one provider: its status page, its key, and who leans on it."""
    return _detail(request, slug)


@require_http_methods(["GET", "HEAD", "POST"])
def provider_new(request: HttpRequest) -> HttpResponse:
    """Add a provider."""
    actor, now = actor_of(request), now_of(request)
    teams = teams_to_own(request)
    if not teams:  # refuses, and says who may
        require(actor, "service.write", Ownership("", utc_day(now)))
    form = NewProviderForm(request.POST if request.method == "POST" else None, teams=teams)
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            made = provider_create(actor=actor, now=now, **values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, f"{made.name} is in the catalogue.")
            return redirect("catalog:provider", made.slug)
    return render(request, "catalog/provider_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def provider_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a provider."""
    actor, now = actor_of(request), now_of(request)
    shown = selectors.provider_by_slug(slug)
    require(actor, "service.write", Ownership(shown.owner_team.slug, utc_day(now)))
    teams = teams_to_own(request, keep=shown.owner_team)
    posted = request.method == "POST"
    form = ProviderForm(request.POST, teams=teams) if posted else ProviderForm.of(shown, teams=teams)
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        try:
            provider_update(actor=actor, now=now, slug=slug, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Saved.")
            return redirect("catalog:provider", slug)
    return render(request, "catalog/provider_form.html", {"form": form, "provider": shown}, status=status)


@require_POST
def provider_end(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Retire or reinstate a provider."""
    form = ReasonForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            provider_move(
                actor=actor_of(request), now=now_of(request), slug=slug, verb=verb, **form.cleaned_data
            )
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Retired." if verb == "retire" else "Back in use.")
            return redirect("catalog:provider", slug)
    return _detail(request, slug, move_form=form, status=status)


def _detail(
    request: HttpRequest, slug: str, *, move_form: ReasonForm | None = None, status: int = 200
) -> HttpResponse:
    shown = selectors.provider_by_slug(slug)
    now = now_of(request)
    may_write = may(actor_of(request), "service.write", Ownership(shown.owner_team.slug, utc_day(now)))
    context = {
        "provider": shown,
        "days": shown.days_left(now.astimezone(UTC).date()),
        "warning_days": selectors.KEY_WARNING_DAYS,
        "services": list(selectors.services().filter(provider_uses__provider=shown)),
        "may_write": may_write,
        "verbs": PROVIDER.verbs(shown.state) if may_write else (),
        "move_form": move_form or ReasonForm(initial={"version": shown.version}),
        "moments": moments_of(request, "provider", slug),
    }
    return render(request, "catalog/provider.html", context, status=status)

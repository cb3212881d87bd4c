"""Pages of environments: list, one environment, new, edit."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from opsportal.catalog import selectors
from opsportal.catalog.models import Environment
from opsportal.catalog.services import environment_create, environment_update
from opsportal.catalog.web.answers import FORM_REFUSALS, moments_of, refuse
from opsportal.catalog.web.forms import EnvironmentForm, NewEnvironmentForm
from opsportal.core.access import may, require
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of


@require_safe
def environments(request: HttpRequest) -> HttpResponse:
    """List environments in order of promotion."""
    context = {
        "page": page_of(Environment.objects.all(), request, order=("rank", "slug"), size=100),
        "may_write": may(actor_of(request), "environment.write"),
    }
    return render(request, "catalog/environments.html", context)


@require_safe
def environment(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one environment, and what pipelines do there while the portal does not answer."""
    shown = selectors.environment_by_slug(slug)
    context = {
        "environment": shown,
        "may_write": may(actor_of(request), "environment.write"),
        "moments": moments_of(request, "environment", slug),
    }
    return render(request, "catalog/environment.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def environment_new(request: HttpRequest) -> HttpResponse:
    """Add an environment."""
    actor = actor_of(request)
    require(actor, "environment.write")
    form = NewEnvironmentForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            made = environment_create(actor=actor, now=now_of(request), **values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, f"{made.name} is in the catalogue.")
            return redirect("catalog:environment", made.slug)
    return render(request, "catalog/environment_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def environment_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change an environment."""
    actor = actor_of(request)
    shown = selectors.environment_by_slug(slug)
    require(actor, "environment.write")
    form = EnvironmentForm(request.POST) if request.method == "POST" else EnvironmentForm.of(shown)
    status = 400 if form.is_bound and not form.is_valid() else 200
    if form.is_valid():
        try:
            environment_update(actor=actor, now=now_of(request), slug=slug, **form.cleaned_data)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Saved.")
            return redirect("catalog:environment", slug)
    context = {"form": form, "environment": shown}
    return render(request, "catalog/environment_form.html", context, status=status)

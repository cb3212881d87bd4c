"""Forms of objectives, cost budgets, capacity plans and sources. What is right is decided by the services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from compliance.models import Objective
from compliance.selectors.measures.figures import known_figures
from compliance.services.measures import promises, sources
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of


class _OfAService(PortalForm):
    """A form that names a figure and whose it is."""

    own_figures = True

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        services = Service.objects.filter(state="active").order_by("name", "id").values_list("slug", "name")
        self.fields["service"] = forms.ChoiceField(
            required=False, label="Service", choices=[("", "The organisation"), *services]
        )
        if "figure" in self.fields:
            known = sorted(known_figures().values(), key=lambda one: one.title.lower())
            self.fields["figure"] = forms.ChoiceField(
                label="Figure",
                choices=[
                    (one.id, f"{one.title} ({one.unit})")
                    for one in known
                    if self.own_figures or not one.is_own
                ],
            )

    def written(self) -> dict[str, Any]:
        """Return what was written, for the service."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class ObjectiveForm(_OfAService):
    """An objective."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(max_length=120)
    figure = forms.CharField()
    objective = forms.CharField(label="Target in percent", help_text="Below 100: of 100 there is no budget.")
    window = forms.CharField(
        initial="30d",
        help_text="30d, 30.42d (a twelfth of a year), month, quarter, year: its convention counts.",
    )
    component = forms.CharField(required=False, max_length=60, help_text="A part of it, e.g. database.")


class CostForm(_OfAService):
    """A budget."""

    component = forms.CharField(max_length=60, help_text="e.g. storage")
    figure = forms.CharField()
    budget = forms.CharField(label="A month")
    alert_at = forms.CharField(label="Alert at")
    critical_at = forms.CharField(label="Critical at")
    since = forms.CharField(label="First month", help_text="e.g. 2026-11")
    until = forms.CharField(required=False, label="Last month")


class CapacityForm(_OfAService):
    """A plan."""

    title = forms.CharField(max_length=120)
    figure = forms.CharField()
    start = forms.CharField(label="First month", help_text="e.g. 2026-11")
    points = forms.CharField(
        widget=forms.Textarea, label="Projection", help_text="A line for each month that you know: 1 = 10"
    )
    trigger = forms.CharField(required=False, help_text="The value at which something is scaled.")
    trigger_text = forms.CharField(required=False, max_length=300, label="What is scaled")
    component = forms.CharField(required=False, max_length=60)

    def written(self) -> dict[str, Any]:
        """Return what was written, the projection as the service takes it."""
        lines = [line.partition("=") for line in self.cleaned_data["points"].splitlines() if line.strip()]
        return {**super().written(), "points": {left.strip(): right.strip() for left, _, right in lines}}


class SourceForm(_OfAService):
    """A source."""

    own_figures = False
    title = forms.CharField(max_length=120)
    slug = forms.CharField(max_length=60, label="Short name")
    base_url = forms.CharField(max_length=300, label="Server", help_text="http://prometheus.internal:9090")
    query = forms.CharField(widget=forms.Textarea, help_text="PromQL")
    figure = forms.CharField()
    unit = forms.CharField(
        required=False, max_length=20, help_text="Of the answer; empty: that of the figure."
    )
    service_label = forms.CharField(
        required=False, max_length=60, help_text="The label that names the service."
    )
    component_label = forms.CharField(required=False, max_length=60)
    step = forms.IntegerField(initial=60, label="Every … seconds")
    token = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.PasswordInput,
        help_text="Where the server asks for one.",
    )


_Make = Callable[..., Any]
_NEW: Mapping[str, tuple[type[_OfAService], _Make, str, str, str]] = {
    "objective": (ObjectiveForm, promises.objective_create, "New objective", "objectives", "Objectives"),
    "cost_budget": (CostForm, promises.cost_budget_create, "New cost budget", "costs", "Costs"),
    "capacity_plan": (
        CapacityForm,
        promises.capacity_plan_create,
        "New capacity plan",
        "capacity",
        "Capacity",
    ),
    "pull_source": (SourceForm, sources.source_create, "New source of figures", "sources", "Sources"),
}


def made(kind: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return the page that makes one of a kind."""
    form_of, make, title, place, place_title = _NEW[kind]

    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        require(actor, f"{kind}.manage")
        back = reverse(f"compliance:{place}")
        form = form_of(request.POST or None)
        status = 200
        if request.method == "POST":
            status = 400
            if form.is_valid():
                try:
                    make(actor=actor, now=now_of(request), fields=form.written())
                except (InvalidInput, Conflict, Forbidden) as refusal:
                    form.add_refusal(refusal)
                    refusals.keep(request, refusal)
                    status = refusal.status
                else:
                    messages.success(request, "It is made.")
                    return redirect(back)
        context = {"form": form, "title": title, "back": back, "crumbs": [(place_title, back)]}
        return render(request, "compliance/measures/form.html", context, status=status)

    return view


@require_http_methods(["GET", "HEAD", "POST"])
def objective_edited(request: HttpRequest, key: str) -> HttpResponse:
    """Change an objective."""
    row = Objective.objects.select_related("service").filter(pk=number_of(key, "SLO") or 0).first()
    if row is None:
        raise NotFound("There is no such objective.")
    actor = actor_of(request)
    require(actor, "objective.manage")
    initial = {
        "title": row.title,
        "figure": row.figure,
        "objective": f"{row.objective.normalize():f}",
        "window": row.window,
        "component": row.component,
        "service": row.service.slug if row.service else "",
        "version": row.version,
    }
    form = ObjectiveForm(request.POST or None, initial=initial)
    back = reverse("compliance:objective", args=[row.key])
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                promises.objective_edit(
                    actor=actor,
                    now=now_of(request),
                    pk=row.pk,
                    fields=form.written(),
                    version=form.cleaned_data["version"],
                )
            except (InvalidInput, Conflict, Forbidden) as refusal:
                form.add_refusal(refusal)
                refusals.keep(request, refusal)
                status = refusal.status
            else:
                messages.success(request, f"{row.key} is saved.")
                return redirect(back)
    context = {
        "form": form,
        "title": f"Edit {row.key}",
        "back": back,
        "crumbs": [("Objectives", reverse("compliance:objectives"))],
    }
    return render(request, "compliance/measures/form.html", context, status=status)

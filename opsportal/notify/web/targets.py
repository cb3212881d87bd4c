"""Channels: which ways are set up, and the receivers that are no person. For administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from opsportal.core.access import may, require
from opsportal.core.errors import Refusal
from opsportal.notify import services
from opsportal.notify.channels import ways
from opsportal.notify.selectors import failing_channels, targets_with_tests
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of

PAGE = "notify:targets"


class TargetForm(PortalForm):
    """A receiver to set up."""

    slug = forms.CharField(label="Name in policies", max_length=60, help_text="Like ops-room.")
    title = forms.CharField(label="Title", max_length=120)
    kind = forms.ChoiceField(label="Way")
    address = forms.CharField(
        label="Address, key or id",
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(kind, way) for kind, way in ways.items() if way.for_targets and way.is_configured()]
        kinds = self.fields["kind"]
        assert isinstance(kinds, forms.ChoiceField)  # noqa: S101 - declared above
        kinds.choices = [(kind, way.title) for kind, way in offered]
        hints = " ".join(f"{way.title}: {way.hint}." for _, way in offered)
        self.fields["address"].help_text = f"It is kept sealed and not shown again. {hints}"


class AddressForm(PortalForm):
    """Where a target leads from now on."""

    address = TargetForm.base_fields["address"]
    version = forms.IntegerField(widget=forms.HiddenInput)


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
def targets_page(request: HttpRequest) -> HttpResponse:
    """Show the ways and the targets; set up another one."""
    if request.method != "POST":
        return _shown(request)
    form = TargetForm(request.POST)
    if not form.is_valid():
        return _shown(request, status=400, form=form)
    try:
        row, secret = services.target_add(actor=actor_of(request), now=now_of(request), **form.cleaned_data)
    except Refusal as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _shown(request, status=refusal.status, form=form)
    messages.success(request, f"{row.title} is set up. Test it.")
    return _shown(request, secret=secret, slug=row.slug) if secret else redirect(PAGE)


def _shown(
    request: HttpRequest,
    *,
    status: int = 200,
    form: TargetForm | None = None,
    secret: str = "",
    slug: str = "",
) -> HttpResponse:
    """Show all of it, with a new secret in the answer that made it and nowhere else."""
    actor = actor_of(request)
    require(actor, "target.see")
    context = {
        "form": form or TargetForm(),
        "targets": targets_with_tests(),
        "ways": [(way, way.is_configured()) for way in ways.values()],
        "failing": failing_channels(),
        "secret": secret,
        "slug": slug,
        "may_manage": may(actor, "target.manage"),
    }
    response = render(request, "notify/targets.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def try_out(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a test to a target."""
    row = services.target_test(actor=actor_of(request), now=now_of(request), slug=slug)
    messages.success(request, "A test is on its way. This page shows what comes of it.")
    return redirect("notify:page", pk=row.pk)


@require_POST
def switch(request: HttpRequest, slug: str, word: str) -> HttpResponse:
    """Use a target, or use it no more."""
    services.target_switch(actor=actor_of(request), now=now_of(request), slug=slug, on=word == "on")
    return _back(request, "Switched on." if word == "on" else "Switched off.")


@require_POST
def exchange_secret(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a new signing secret and show it once."""
    _, secret = services.target_exchange_secret(actor=actor_of(request), now=now_of(request), slug=slug)
    messages.success(request, "The former secret signs, too, until the next exchange.")
    return _shown(request, secret=secret, slug=slug)


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
def change_address(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a target lead elsewhere."""
    actor, status = actor_of(request), 200
    require(actor, "target.manage")
    found = next((row for row, _ in targets_with_tests() if row.slug == slug), None)
    form = AddressForm(request.POST or None, initial={"version": found.version if found else None})
    if request.method == "POST" or found is None:
        status = 400
        if form.is_valid() or found is None:
            values = form.cleaned_data if found else {"address": ""}
            try:
                services.target_change_address(actor=actor, now=now_of(request), slug=slug, **values)
            except Refusal as refusal:
                if found is None:
                    raise
                form.add_refusal(refusal)
                refusals.keep(request, refusal)
                status = refusal.status
            else:
                return _back(request, "It leads there from now on. Test it.")
    return render(request, "notify/target_address.html", {"form": form, "target": found}, status=status)


def _back(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect(PAGE)

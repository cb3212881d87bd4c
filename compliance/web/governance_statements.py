"""Pages of declarations and of the readiness of services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from compliance.governing.kinds import READINESS, STATED
from compliance.models import Declaration
from compliance.selectors.declarations import Asked, asked
from compliance.selectors.readiness import services_to_judge, signs_of_all
from compliance.services.governance.statements import declaration_make, readiness_state
from compliance.web.governance_parts import form_page, given
from opsportal.core.access import may
from opsportal.core.errors import NotFound
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of


class DeclarationForm(PortalForm):
    """A declaration."""

    text = forms.CharField(widget=forms.Textarea, label="What I declare")
    evidence = forms.CharField(required=False, help_text="An address, or a key such as AUD-3.")
    valid_until = LocalMomentField(required=False, help_text="Nothing: as long as the standard says.")


class ReadinessForm(PortalForm):
    """What is so of one item."""

    item = forms.ChoiceField(choices=list(READINESS.items()))
    status = forms.ChoiceField(choices=list(STATED.items()), label="It is")
    text = forms.CharField(widget=forms.Textarea, label="How I know", max_length=2_000)
    evidence = forms.CharField(required=False, help_text="An address, or a key of the portal.")
    valid_until = LocalMomentField(required=False, help_text="Nothing: for 180 days.")


@require_safe
def declaration_list(request: HttpRequest) -> HttpResponse:
    """Show what the standard asks to be declared, and what was."""
    actor, now = actor_of(request), now_of(request)
    page = page_of(Declaration.objects.all(), request, order=("-declared_at", "-id"))
    remember_people(request, (("user", str(row.declared_by_id)) for row in page.items))
    lines = [(one, actor.is_staff or one.may_be_declared_by(actor, now)) for one in asked(now)]
    context = {"lines": lines, "page": page}
    return render(request, "compliance/governance/declarations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def declaration_new(request: HttpRequest, rule: str, subject: str) -> HttpResponse:
    """Declare what a rule asks."""
    one = _asked(request, rule, subject)
    form = DeclarationForm(request.POST or None)
    url = reverse("compliance:declarations")

    def write() -> Any:
        about = {"subject": subject} if one.per == "service" else {}
        fields = {"rule": rule, **about, **given(form)}
        return declaration_make(actor=actor_of(request), now=now_of(request), fields=fields)

    return form_page(
        request,
        form,
        write,
        done=lambda made: (f"{made.key} is declared.", url),
        title=one.title,
        lead=f"{one.subject.title}. {one.due.because}",
        back=("To declare", url),
        label="Declare it",
    )


def _asked(request: HttpRequest, rule: str, subject: str) -> Asked:
    for one in asked(now_of(request)):
        if (one.rule, one.subject.key) == (rule, subject):
            return one
    raise NotFound("The standard in force does not ask for that.")


@require_safe
def readiness_matrix(request: HttpRequest) -> HttpResponse:
    """Show all services and where each item stands."""
    page = page_of(services_to_judge(), request, order=("name", "id"), size=50)
    found = signs_of_all(page.items, now_of(request))
    context = {
        "page": page,
        "items": list(READINESS.items()),
        "lines": [(service, list(found[service.pk].values())) for service in page.items],
    }
    return render(request, "compliance/governance/readiness.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def readiness_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how ready a service is; take a statement about it."""
    service = services_to_judge().filter(slug=slug).first()
    if service is None:
        raise NotFound("There is no such service in use.")
    now = now_of(request)
    url = reverse("compliance:readiness-service", args=[slug])
    form = ReadinessForm(request.POST or None, initial={"item": request.GET.get("item", "")})
    if request.method == "POST":
        return form_page(
            request,
            form,
            lambda: readiness_state(actor=actor_of(request), now=now, service=slug, fields=given(form)),
            done=lambda made: (f"{made.get_item_display()} is stated.", url),
            title=f"State how ready {service.name} is",
            lead="It counts until it runs out; what the portal sees by itself counts more.",
            back=(service.name, url),
            label="State it",
        )
    context = {
        "service": service,
        "standings": signs_of_all([service], now)[service.pk].values(),
        "form": form,
        "may_state": may(actor_of(request), "readiness.state", (service.owner_team.slug, now)),
    }
    return render(request, "compliance/governance/service.html", context)

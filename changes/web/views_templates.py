"""Standard-change templates: the list, one of them, writing and submitting it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes.facts import template_facts
from changes.models import Change, ChangeTemplate
from changes.permissions import template_case_of
from changes.services.rule_lines import rule_lines
from changes.services.template_scene import template_targets
from changes.services.templates import (
    template_create,
    template_retire,
    template_revise,
    template_submit,
    template_withdraw,
)
from changes.states import TEMPLATE
from changes.web.approvals import rounds_of
from changes.web.places import places_of
from opsportal.approvals.selectors import requests_about
from opsportal.audit import actions
from opsportal.audit.selectors import entries_about
from opsportal.catalog.models import Environment, Service
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, InvalidInput, NotFound, RuleRefused
from opsportal.standards.selectors import active_standard
from opsportal.web import refusals
from opsportal.web.forms import PortalForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS: Mapping[str, tuple[Callable[..., ChangeTemplate], str, str, str, str]] = {
    "submit": (template_submit, "Submit for approval", "arrow-right", "btn-primary", "is submitted."),
    "withdraw": (template_withdraw, "Take it back", "undo", "", "is a draft again."),
    "retire": (template_retire, "Retire it", "cross", "btn-outline-danger", "is retired."),
}


class TemplateForm(PortalForm):
    """A template as people write it."""

    pointers = {"targets": "services"}
    always = ("title", "slug", "risk", "description", "plan")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    slug = forms.CharField(
        required=False,
        label="Short name",
        help_text="Lower-case letters, digits and hyphens; it names the template for good.",
    )
    title = forms.CharField(required=False)
    description = forms.CharField(required=False, label="What it is for", widget=forms.Textarea)
    services = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    environments = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    risk = forms.ChoiceField(choices=Change.Risk.choices, widget=forms.RadioSelect)
    plan = forms.CharField(required=False, label="The steps", widget=forms.Textarea)
    rollback_plan = forms.CharField(required=False, label="The way back", widget=forms.Textarea)
    valid_until = forms.DateField(
        required=False,
        label="Valid until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The last day (UTC) on which it may be used; nothing means for good.",
    )

    pipelines = forms.ChoiceField(
        choices=[("yes", "Yes, when they register a fitting deployment"), ("no", "No, only people")],
        required=False,
        initial="yes",
        widget=forms.RadioSelect,
        label="May pipelines open changes from it?",
    )

    def __init__(self, *given: Any, is_new: bool, **named: Any) -> None:
        super().__init__(*given, **named)
        services = Service.objects.filter(state="active").order_by("name")
        self.fields["services"].choices = list(services.values_list("slug", "name"))  # type: ignore[attr-defined]
        places = Environment.objects.values_list("slug", "name")
        self.fields["environments"].choices = list(places)  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["slug"]

    def clean_slug(self) -> str:
        """Refuse the one word that the address of a page of ours takes."""
        slug: str = self.cleaned_data["slug"]
        if slug == "new":
            raise forms.ValidationError("This word is taken; use another one.")
        return slug

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        names = ("title", "description", "risk", "plan", "rollback_plan", "valid_until")
        pairs = [
            (one, two) for one in self.cleaned_data["services"] for two in self.cleaned_data["environments"]
        ]
        pipelines = self.cleaned_data["pipelines"] != "no"
        own = {name: self.cleaned_data[name] for name in names}
        return {**own, "pipelines": pipelines, "targets": pairs}


@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    """Show the templates by title."""
    rows = ChangeTemplate.objects.prefetch_related("targets__service", "targets__environment")
    page = page_of(rows, request, order=("title", "id"))
    return render(
        request,
        "changes/templates.html",
        {"page": page, "rows": [(row, places_of(row.targets.all())) for row in page.items]},
    )


@require_safe
def template_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one template: what it says, how it stands, who has decided."""
    template = _template(slug)
    actor, now = actor_of(request), now_of(request)
    targets = template_targets(template)
    case = template_case_of(actor, template, targets, now.date())
    rounds = rounds_of(requests_about("template", slug), actor, now)
    entries = list(entries_about("template", slug))
    remember_people(
        request, [("user", str(template.author_id)), *((e.actor_kind, e.actor_id) for e in entries)]
    )
    remember_people(request, (("user", str(vote.voter_id)) for one in rounds for vote in one.votes))
    writable = TEMPLATE.can(template.state, "revise") and may(actor, "template.edit", case)
    return render(
        request,
        "changes/template.html",
        {
            "template": template,
            "places": places_of(targets),
            "rounds": rounds,
            "current_round": next((one for one in rounds if one.request.state != "void"), None),
            "lines": _lines(template),
            "may_edit": writable,
            "steps": [
                (verb, label, icon, look)
                for verb, (_, label, icon, look, _) in _STEPS.items()
                if TEMPLATE.can(template.state, verb) and may(actor, f"template.{verb}", case)
            ],
            "moments": [
                {
                    "at": entry.at,
                    "title": actions.label(entry.action),
                    "actor_kind": entry.actor_kind,
                    "actor_id": entry.actor_id,
                }
                for entry in reversed(entries)
            ],
        },
    )


@require_POST
def template_step(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Submit, take back or retire a template."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    step, _, _, _, words = _STEPS[verb]
    template = step(actor=actor_of(request), now=now_of(request), slug=slug)
    messages.success(request, f"“{template.title}” {words}")
    return redirect("changes:template", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def template_write(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Write a new template, or edit one; a difference makes an approved one a draft again."""
    actor, now = actor_of(request), now_of(request)
    template = _template(slug) if slug else None
    if template is None:
        require(actor, "template.create")
    else:
        case = template_case_of(actor, template, template_targets(template), now.date())
        require(actor, "template.edit", case)
    if request.method != "POST":
        form = TemplateForm(initial=_values(template), is_new=template is None)
        return _form_page(request, form, template)
    form = TemplateForm(request.POST, is_new=template is None)
    if not form.is_valid():
        return _form_page(request, form, template, status=400)
    try:
        written = _write(request, form, template)
    except (InvalidInput, RuleRefused, Conflict) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, template, status=refusal.status)
    messages.success(request, f"“{written.title}” is saved.")
    return redirect("changes:template", written.slug)


def _write(request: HttpRequest, form: TemplateForm, template: ChangeTemplate | None) -> ChangeTemplate:
    actor, now = actor_of(request), now_of(request)
    if template is None:
        return template_create(actor=actor, now=now, slug=form.cleaned_data["slug"], fields=form.written())
    version = form.cleaned_data["version"]
    return template_revise(actor=actor, now=now, slug=template.slug, fields=form.written(), version=version)


def _values(template: ChangeTemplate | None) -> dict[str, Any]:
    if template is None:
        return {"risk": "low"}
    targets = template_targets(template)
    names = ("title", "description", "risk", "plan", "rollback_plan", "valid_until", "version")
    return {
        **{name: getattr(template, name) for name in names},
        "pipelines": "yes" if template.pipelines else "no",
        "services": _each(target.service.slug for target in targets),
        "environments": _each(target.environment.slug for target in targets),
    }


def _each(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _lines(template: ChangeTemplate) -> list[Any]:
    if template.state not in {"draft", "rejected", "in_review"}:
        return []
    return rule_lines(active_standard(), "template.submit", template_facts(template))


def _template(slug: str) -> ChangeTemplate:
    template = ChangeTemplate.objects.filter(slug=slug).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template


def _form_page(
    request: HttpRequest, form: TemplateForm, template: ChangeTemplate | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "template": template, "makes_draft": template and template.state != "draft"}
    return render(request, "changes/template_form.html", context, status=status)

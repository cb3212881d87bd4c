"""Pages of the improvement plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.governing.kinds import LEVELS
from compliance.governing.states import IMPROVEMENT, IMPROVEMENT_OWED
from compliance.models import ImprovementPhase
from compliance.models.governance.improvement import IMPROVEMENT_PREFIX
from compliance.permissions.governance import PlanCase
from compliance.selectors.improvement import improvement_seen, improvements_loaded, maturity_now
from compliance.services.governance.improvement import (
    VERBS,
    case_of,
    case_of_phase,
    improvement_edit,
    improvement_move,
    improvement_open,
    maturity_assess,
    permission_of,
    phase_plan,
)
from compliance.web.governance_parts import Step, form_page, given, number_in, step_taken, workers_to_choose
from opsportal.core.access import may
from opsportal.core.errors import NotFound
from opsportal.web.forms import LocalMomentField, PortalForm
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS = (
    ("start", "Begin", ""),
    ("finish", "It is done", "btn-primary"),
    ("reopen", "Open it again", ""),
    ("drop", "Drop it", "btn-outline-danger"),
)
_LEVELS = [(level, f"{level}, {name}") for level, name in LEVELS.items()]


class PhaseForm(PortalForm):
    """A phase of the plan."""

    number = forms.IntegerField(min_value=1, max_value=99)
    title = forms.CharField(max_length=120)
    owner = forms.ChoiceField(required=False, help_text="Plans what is done in it, beside administrators.")
    first_day = forms.DateField(widget=forms.DateInput({"type": "date"}))
    last_day = forms.DateField(widget=forms.DateInput({"type": "date"}))

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.fields["owner"].choices = [("", "Nobody"), *workers_to_choose()]  # type: ignore[attr-defined]


class ImprovementForm(PortalForm):
    """Something that becomes better."""

    phase = forms.TypedChoiceField(coerce=int)
    title = forms.CharField(max_length=200)
    owner = forms.ChoiceField()
    due_at = LocalMomentField(required=False, label="Due", help_text="Nothing: the end of the phase.")
    detail = forms.CharField(required=False, widget=forms.Textarea)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *values: Any, phases: Iterable[ImprovementPhase], **named: Any) -> None:
        super().__init__(*values, **named)
        self.fields["phase"].choices = [(one.number, one.title) for one in phases]  # type: ignore[attr-defined]
        self.fields["owner"].choices = workers_to_choose()  # type: ignore[attr-defined]


class MaturityForm(PortalForm):
    """How mature operations are judged to be."""

    level = forms.TypedChoiceField(coerce=int, choices=_LEVELS, label="They are at level")
    target = forms.TypedChoiceField(coerce=int, choices=_LEVELS, label="They are to reach level")
    strengths = forms.CharField(required=False, widget=forms.Textarea, label="What is strong")
    gaps = forms.CharField(required=False, widget=forms.Textarea, label="What is to become better")


@require_safe
def plan_page(request: HttpRequest) -> HttpResponse:
    """Show the plan: phases, what is done in them, and how mature operations are judged to be."""
    actor, now = actor_of(request), now_of(request)
    items = list(improvements_loaded().order_by("phase__number", "due_at", "id"))
    phases = [
        (phase, [item for item in items if item.phase_id == phase.pk])
        for phase in ImprovementPhase.objects.order_by("number")
    ]
    maturity = maturity_now()
    ids = [item.owner_id for item in items]
    ids += [phase.owner_id for phase, _ in phases if phase.owner_id]
    ids += [maturity.assessed_by_id] if maturity else []
    remember_people(request, (("user", str(one)) for one in ids))
    context = {
        "phases": [(phase, found, sum(one.state == "done" for one in found)) for phase, found in phases],
        "maturity": maturity,
        "level": LEVELS.get(maturity.level) if maturity else "",
        "target": LEVELS.get(maturity.target) if maturity else "",
        "now": now,
        "owed": IMPROVEMENT_OWED,
        "may_phase": may(actor, "improvement.phase", PlanCase(now)),
        "may_assess": may(actor, "maturity.assess", PlanCase(now)),
        "may_plan": bool(_phases_planned(request)),
    }
    return render(request, "compliance/governance/plan.html", context)


def _phases_planned(request: HttpRequest) -> list[ImprovementPhase]:
    """Return the phases in which the reader may plan, in their order."""
    actor, now = actor_of(request), now_of(request)
    phases = ImprovementPhase.objects.order_by("number")
    return [one for one in phases if may(actor, "improvement.plan", case_of_phase(one, now))]


def _back() -> tuple[str, str]:
    return "Improvement plan", reverse("compliance:improvement")


@require_http_methods(["GET", "HEAD", "POST"])
def phase_new(request: HttpRequest) -> HttpResponse:
    """Plan a phase."""
    form = PhaseForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: phase_plan(actor=actor_of(request), now=now_of(request), fields=given(form)),
        done=lambda made: (f"{made.title} is planned.", _back()[1]),
        title="Plan a phase",
        lead="A phase of the same number is brought up to date.",
        back=_back(),
        label="Plan it",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def improvement_new(request: HttpRequest) -> HttpResponse:
    """Plan an improvement."""
    form = ImprovementForm(request.POST or None, phases=_phases_planned(request))
    return form_page(
        request,
        form,
        lambda: improvement_open(actor=actor_of(request), now=now_of(request), fields=given(form)),
        done=lambda made: (
            f"{made.key} is planned.",
            reverse("compliance:improvement-item", args=[made.key]),
        ),
        title="Plan an improvement",
        lead="Its owner owes it from now on.",
        back=_back(),
        label="Plan it",
    )


@require_safe
def improvement_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show an improvement."""
    item = improvement_seen(number_in(key, IMPROVEMENT_PREFIX))
    actor, case = actor_of(request), case_of(item, now_of(request))
    remember_people(request, [("user", str(item.owner_id))])
    steps = [
        Step(verb, label, look, reverse("compliance:improvement-step", args=[item.key, verb]))
        for verb, label, look in _STEPS
        if IMPROVEMENT.can(item.state, verb) and may(actor, permission_of(verb), case)
    ]
    context = {
        "item": item,
        "steps": steps,
        "may_edit": IMPROVEMENT.can(item.state, "edit") and may(actor, "improvement.plan", case),
    }
    return render(request, "compliance/governance/improvement.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def improvement_edited(request: HttpRequest, key: str) -> HttpResponse:
    """Change an improvement."""
    item = improvement_seen(number_in(key, IMPROVEMENT_PREFIX))
    initial = {
        "phase": item.phase.number,
        "title": item.title,
        "owner": str(item.owner_id),
        "due_at": item.due_at,
        "detail": item.detail,
        "version": item.version,
    }
    form = ImprovementForm(request.POST or None, initial=initial, phases=_phases_planned(request))
    url = reverse("compliance:improvement-item", args=[item.key])
    return form_page(
        request,
        form,
        lambda: improvement_edit(
            actor=actor_of(request),
            now=now_of(request),
            pk=item.pk,
            fields={**given(form), "detail": form.cleaned_data["detail"]},
            version=form.cleaned_data["version"],
        ),
        done=lambda _: (f"{item.key} is saved.", url),
        title=f"Change {item.key}",
        lead=item.title,
        back=(item.key, url),
        label="Save",
    )


@require_POST
def improvement_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take a step on an improvement."""
    pk = number_in(key, IMPROVEMENT_PREFIX)
    if verb not in VERBS:
        raise NotFound("There is no such step.")
    return step_taken(
        request,
        lambda said: improvement_move(actor=actor_of(request), now=now_of(request), pk=pk, verb=verb, **said),
        words=f"{key}: {VERBS[verb]}.",
        url=reverse("compliance:improvement-item", args=[key]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def maturity_new(request: HttpRequest) -> HttpResponse:
    """Assess how mature operations are."""
    form = MaturityForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: maturity_assess(actor=actor_of(request), now=now_of(request), fields=given(form)),
        done=lambda made: (f"Level {made.level} is recorded.", _back()[1]),
        title="Assess maturity",
        lead="Where operations stand, and where they are to be.",
        back=_back(),
        label="Record it",
    )

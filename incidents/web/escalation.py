"""Pages of escalation policies: which there are, whom each would tell, and writing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.escalating import Plan
from incidents.escalation_lines import plan_faults
from incidents.models import EscalationPolicy, ResponseTarget
from incidents.selectors.escalation import policies, policy_by_slug, working_time
from incidents.selectors.escalation_preview import Preview, depends_on_service, preview_of
from incidents.services.automation.steering import response_stop
from incidents.services.escalation.policies import (
    escalation_policy_create,
    escalation_policy_edit,
    escalation_policy_reinstate,
    escalation_policy_retire,
)
from incidents.web.escalation_forms import EXAMPLE, PolicyForm
from opsportal.catalog.models import Service
from opsportal.catalog.web.answers import moments_of
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.standards.presentation import escalations_of, triggers_of
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web import refusals
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

WRITE = "escalation_policy.write"
_STEPS: Mapping[str, Callable[..., EscalationPolicy]] = {
    "retire": escalation_policy_retire,
    "reinstate": escalation_policy_reinstate,
}


@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """List the policies, and what the standard has for incidents that have none."""
    standard = active_standard_or_none()
    return render(
        request,
        "incidents/escalation/list.html",
        {
            "policies": policies().prefetch_related("services__service"),
            "standard": standard,
            "matrix": escalations_of(standard) if standard else (),
            "triggers": triggers_of(standard) if standard else (),
            "targets": ResponseTarget.objects.select_related("service", "target").order_by("action", "pk"),
            "may_write": may(actor_of(request), WRITE),
        },
    )


@require_safe
def policy_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a policy, and whom it would tell now for `?service=`."""
    policy, now = policy_by_slug(slug), now_of(request)
    service = request.GET.get("service", "")
    preview = preview_of(policy.read_plan, now=now, service=service)
    remember(request, preview)
    return render(
        request,
        "incidents/escalation/policy.html",
        {
            "policy": policy,
            "plan": policy.read_plan,
            "preview": preview,
            "services": Service.objects.exclude(state="retired").order_by("name"),
            "service": service,
            "asks_for_service": not service and depends_on_service(policy.read_plan),
            "held": _held(policy.read_plan, now),
            "moments": moments_of(request, "escalation_policy", policy.slug, lambda _: ""),
            "may_write": may(actor_of(request), WRITE),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def policy_write(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Write a policy, or change one."""
    actor, now = actor_of(request), now_of(request)
    require(actor, WRITE)
    policy = policy_by_slug(slug) if slug else None
    if request.method != "POST":
        form = PolicyForm(policy=policy) if policy else PolicyForm(initial={"steps": EXAMPLE})
        return _form_page(request, form, policy)
    form = PolicyForm(request.POST, policy=policy)
    if not form.is_valid():
        return _form_page(request, form, policy, status=400)
    try:
        saved = _save(form, policy, actor=actor, now=now)
    except InvalidInput as refusal:
        for field, details in plan_faults(refusal, form.line_numbers).items():
            for detail in details:
                form.add_error(field if field in form.fields else None, detail)
        return _form_page(request, form, policy, status=400)
    except Conflict as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, policy, status=refusal.status)
    messages.success(request, f"“{saved.name}” is saved. Incidents that are open go on as before.")
    return redirect("incidents:policy", saved.slug)


@require_POST
def policy_step(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Retire a policy, or put it in use again."""
    if verb not in _STEPS:
        raise Http404
    version = request.POST.get("version", "")
    policy = _STEPS[verb](
        actor=actor_of(request),
        now=now_of(request),
        slug=slug,
        version=int(version) if version.isdigit() else None,
    )
    messages.success(request, f"“{policy.name}”: {policy.get_state_display().lower()}.")
    return redirect("incidents:policy", slug)


@require_POST
def response_stopped(request: HttpRequest, pk: int) -> HttpResponse:
    """Let nothing more of an automated response be done."""
    response = response_stop(actor=actor_of(request), now=now_of(request), pk=pk)
    messages.success(request, f"“{response.title}” is stopped. What was handed over is not undone.")
    return redirect(f"/incidents/{response.incident.key}/")


def _held(plan: Plan, now: datetime) -> str:
    """Return whether low urgency is held: `""` where the plan does not ask for it, `yes`, or `never` where
    nobody has said when the organisation works, or it does not work any more."""
    if not plan.hold_low:
        return ""
    hours = working_time()
    return "yes" if hours is not None and hours.after(now, timedelta(minutes=1)) is not None else "never"


def remember(request: HttpRequest, preview: list[Preview]) -> None:
    """Look up the names of everybody in a preview, in one query."""
    lines = [one for step in preview for one in (*step.found.told, *step.found.skipped)]
    remember_people(request, [("user", one["id"]) for one in lines if one["kind"] == "person"])


def _save(
    form: PolicyForm, policy: EscalationPolicy | None, *, actor: Any, now: datetime
) -> EscalationPolicy:
    cleaned = form.cleaned_data
    fields = {"name": cleaned["name"], "description": cleaned["description"], "plan": form.plan()}
    if policy is None:
        return escalation_policy_create(actor=actor, now=now, slug=cleaned["slug"], **fields)
    return escalation_policy_edit(
        actor=actor, now=now, slug=policy.slug, fields=fields, version=cleaned["version"]
    )


def _form_page(
    request: HttpRequest, form: PolicyForm, policy: EscalationPolicy | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "policy": policy}
    return render(request, "incidents/escalation/form.html", context, status=status)

"""Deployments that pipelines registered: the list, and one with the gate's answer and what was reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from changes.models import Deployment, DeploymentEvent
from changes.models.deployments import PREFIX
from changes.services.deployments import deployment_decide
from changes.states import DEPLOYMENT
from changes.web.listing_deployments import chosen_of, deployments_listed
from opsportal.catalog.models import Environment
from opsportal.catalog.selectors import services
from opsportal.core.errors import NotFound, Reason
from opsportal.core.keys import number_of
from opsportal.web.looks import tone_of, words_of
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import now_of

_ICONS = {
    "started": "play",
    "rollout": "arrow-right",
    "verified": "shield",
    "succeeded": "check",
    "failed": "alert",
    "rolled_back": "undo",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a pipeline reported, and what it was told."""

    at: datetime
    title: str
    icon: str
    tone: str
    text: str
    reasons: tuple[Reason, ...]
    actor_kind: str = ""
    actor_id: str = ""
    href: str = ""


@require_safe
def deployment_list(request: HttpRequest) -> HttpResponse:
    """Show the deployments, newest first, a page at a time."""
    chosen = chosen_of(request)
    rows = deployments_listed(chosen)
    page = page_of(rows, request, order=("-registered_at", "-id"))
    remember_people(request, (("service_account", str(row.registered_by_id or "")) for row in page.items))
    return render(
        request,
        "changes/deployments.html",
        {
            "page": page,
            "chosen": chosen,
            "is_filtered": any(chosen.values()),
            "decisions": Deployment.Decision.choices,
            "states": DEPLOYMENT.choices,
            "registrations": Deployment.Registration.choices,
            "services": list(services().values_list("slug", "name")),
            "environments": list(Environment.objects.values_list("slug", "name")),
        },
    )


@require_safe
def deployment_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one deployment: what it is, what the gate said and why, and what was reported since."""
    number = number_of(key, PREFIX)
    deployment = (
        Deployment.objects.select_related("service", "environment", "change").filter(pk=number).first()
        if number and number < 2**63
        else None
    )
    if deployment is None:
        raise NotFound("There is no such deployment.")
    if key != deployment.key:
        return redirect("changes:deployment", deployment.key)
    # What waits is decided anew at each look, here as by the API.
    deployment = deployment_decide(now=now_of(request), deployment=deployment).deployment
    remember_people(request, [("service_account", str(deployment.registered_by_id or ""))])
    return render(
        request,
        "changes/deployment.html",
        {
            "deployment": deployment,
            "reasons": _reasons(deployment.reasons),
            "reports": [_report(event) for event in deployment.events.order_by("-id")[:200]],
            "checks": sorted(deployment.checks.items()),
            "run_url": _link(deployment.pipeline),
            "pipeline": [(words_of(k), v) for k, v in sorted(deployment.pipeline.items()) if k != "run_url"],
        },
    )


def _report(event: DeploymentEvent) -> Report:
    title = words_of(event.event)
    if event.percent is not None:
        title += f" at {event.percent} %"
    metrics = ", ".join(f"{words_of(name).lower()} {value}" for name, value in sorted(event.metrics.items()))
    told = f"Told to {words_of(event.action).lower()}"
    effect = "" if event.effect == "applied" else f" ({event.get_effect_display().lower()})"
    return Report(
        at=event.received_at,
        title=f"{title}. {told}{effect}.",
        icon=_ICONS.get(event.event, "dot"),
        tone=tone_of(event.action),
        text=metrics,
        reasons=_reasons(event.reasons),
    )


def _reasons(stored: list[Mapping[str, str]]) -> tuple[Reason, ...]:
    return tuple(Reason(one.get("code", ""), one.get("rule", ""), one.get("detail", "")) for one in stored)


def _link(pipeline: Mapping[str, Any]) -> str:
    """Return the pipeline's own page where its address is one that a browser may be sent to."""
    address = str(pipeline.get("run_url", ""))
    return address if address.startswith(("https://", "http://")) else ""

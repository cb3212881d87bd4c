"""Pages of integrations, routes and heartbeat checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from incidents.ingest.routing import Seen, grouped_by, way_of
from incidents.models import Integration
from incidents.permissions.alerts import source_case_of
from incidents.selectors.alerts import (
    check_named,
    checks,
    integration_named,
    integrations,
    last_received,
    route_named,
    routes,
    routes_in_use,
)
from incidents.services.alerts import heartbeats
from incidents.services.alerts import integrations as sources
from incidents.services.alerts import routes as routing
from incidents.services.alerts.keys import signing_secret
from incidents.services.alerts.routing import route_of
from incidents.severities import CHOICES, severity_named
from incidents.states import TOKEN
from incidents.web.alerts_forms import (
    CheckForm,
    IntegrationForm,
    RouteForm,
    check_initial,
    integration_initial,
    matcher_words,
    read_labels,
    route_initial,
)
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.web.requests import actor_of, now_of

INTEGRATION_STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "switch-off": (sources.integration_switch_off, "Switched off. What it sends now is refused."),
    "switch-on": (sources.integration_switch_on, "Switched on."),
    "test": (sources.integration_test, "A test alert is on its way. End it when you have seen it."),
    "renew-signature": (
        sources.integration_signature_renew,
        "The next secret signs; the last one stays good.",
    ),
}
CHECK_STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "pause": (heartbeats.check_pause, "Paused. Nothing of it is missed."),
    "resume": (heartbeats.check_resume, "Resumed. Its next ping starts the clock."),
}
ROUTE_STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "retire": (routing.route_retire, "Out of use."),
    "reinstate": (routing.route_reinstate, "In use again."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def integration_list(request: HttpRequest) -> HttpResponse:
    """Show integrations, and make one: its token is shown in the answer, and never again."""
    actor, now = actor_of(request), now_of(request)
    form = IntegrationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made, token = sources.integration_create(
                actor=actor,
                now=now,
                slug=form.cleaned_data["slug"],
                kind=form.cleaned_data["kind"],
                fields=form.values(),
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            return _integration(request, made.slug, token=token)
    rows = list(integrations())
    heard = last_received([one.pk for one in rows])
    context = {"form": form, "rows": [(one, heard.get(one.pk)) for one in rows]}
    status = 400 if request.method == "POST" else 200
    return render(request, "incidents/alerts/integrations.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def integration_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an integration with what its sender is to be told, and change it."""
    return _integration(request, slug)


def _integration(request: HttpRequest, slug: str, *, token: str = "") -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    one = integration_named(slug)
    changing = request.method == "POST" and not token
    form = IntegrationForm(request.POST if changing else None, new=False, initial=integration_initial(one))
    if changing and form.is_valid():
        try:
            sources.integration_update(actor=actor, now=now, slug=slug, fields=form.values())
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("incidents:integration", slug)
    case = source_case_of(actor, one.team.slug if one.team else "", now.date())
    manages = may(actor, "integration.manage", case) and one.kind != Integration.Kind.PORTAL
    context = {
        "one": one,
        "form": form,
        "token": token,
        "shown": token or "THE-TOKEN",
        "portal": settings.PUBLIC_URL,
        "heard": last_received([one.pk]).get(one.pk),
        "tokens": [each for each in one.tokens.all() if each.state == TOKEN.initial],
        "manages": manages,
        "signing": signing_secret(one) if manages and one.signature_header else "",
    }
    response = render(request, "incidents/alerts/integration.html", context, status=400 if changing else 200)
    if token or context["signing"]:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
def integration_token(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a further token and show it once."""
    _, token = sources.integration_token_make(actor=actor_of(request), now=now_of(request), slug=slug)
    return _integration(request, slug, token=token)


@require_POST
def integration_step(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    """Take one step of an integration."""
    return _stepped(request, slug, step, INTEGRATION_STEPS, "incidents:integration")


@require_POST
def integration_test_over(request: HttpRequest, slug: str) -> HttpResponse:
    """End the test alert."""
    sources.integration_test(actor=actor_of(request), now=now_of(request), slug=slug, status="resolved")
    messages.success(request, "The test alert is over.")
    return redirect("incidents:integration", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def check_list(request: HttpRequest) -> HttpResponse:
    """Show heartbeat checks, and make one: its address is shown in the answer, and never again."""
    form = CheckForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made, token = heartbeats.check_create(
                actor=actor_of(request),
                now=now_of(request),
                slug=form.cleaned_data["slug"],
                fields=form.values(),
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            return _check(request, made.slug, token=token)
    context = {"form": form, "rows": list(checks())}
    status = 400 if request.method == "POST" else 200
    return render(request, "incidents/alerts/checks.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def check_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a heartbeat check, and change it."""
    return _check(request, slug)


def _check(request: HttpRequest, slug: str, *, token: str = "") -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    one = check_named(slug)
    changing = request.method == "POST" and not token
    form = CheckForm(request.POST if changing else None, new=False, initial=check_initial(one))
    if changing and form.is_valid():
        try:
            heartbeats.check_update(actor=actor, now=now, slug=slug, fields=form.values())
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("incidents:heartbeat", slug)
    case = source_case_of(actor, one.team.slug if one.team else "", now.date())
    context = {
        "one": one,
        "form": form,
        "token": token,
        "address": f"{settings.PUBLIC_URL}/api/v1/heartbeats/{token or 'THE-TOKEN'}/",
        "manages": may(actor, "heartbeat_check.manage", case),
    }
    response = render(request, "incidents/alerts/check.html", context, status=400 if changing else 200)
    if token:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
def check_token(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a check another address and show it once."""
    _, token = heartbeats.check_token_make(actor=actor_of(request), now=now_of(request), slug=slug)
    return _check(request, slug, token=token)


@require_POST
def check_step(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    """Take one step of a heartbeat check."""
    return _stepped(request, slug, step, CHECK_STEPS, "incidents:heartbeat")


@require_http_methods(["GET", "HEAD", "POST"])
def route_list(request: HttpRequest) -> HttpResponse:
    """Show routes in their order, say which one an alert would take, and make one."""
    actor = actor_of(request)
    form = RouteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            routing.route_create(
                actor=actor, now=now_of(request), slug=form.cleaned_data["slug"], fields=form.values()
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, "The route is in use, as the last in order.")
            return redirect("incidents:alert-routes")
    typed = request.GET.get("labels", "")[:5_000]
    rows = list(routes())
    context = {
        "form": form,
        "rows": [
            (one, [matcher_words(each) for each in one.matchers]) for one in rows if one.state == "active"
        ],
        "retired": [one for one in rows if one.state != "active"],
        "manages": may(actor, "alert_route.manage"),
        "typed": typed,
        **_previewed(typed),
    }
    status = 400 if request.method == "POST" or context["faults"] else 200
    return render(request, "incidents/alerts/routes.html", context, status=status)


def _previewed(typed: str) -> dict[str, Any]:
    """Return what would be done about an alert with the labels that somebody typed, or what is wrong."""
    labels, faults = read_labels(typed)
    if faults or not labels:
        return {"way": None, "faults": faults}
    seen = _seen(labels)
    way = way_of(seen, [route_of(row) for row in routes_in_use()])
    return {
        "way": way,
        "faults": [],
        "severity": dict(CHOICES)[way.severity],
        "together": grouped_by(seen, way.route, way.service),
        "route_name": next((one.name for one in routes() if way.route and one.pk == way.route.id), ""),
    }


def _seen(labels: dict[str, str]) -> Seen:
    word = labels.get("severity", "")
    return Seen(
        labels=labels,
        integration=labels.get("alert.integration", ""),
        fingerprint="preview",
        title=labels.get("alert.title", labels.get("alertname", "")),
        severity=labels.get("alert.severity", severity_named(word) or "sev3"),
        severity_word=word,
        category=labels.get("alert.category", "operational"),
        service=labels.get("service", ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def route_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a route, and change it."""
    actor, one = actor_of(request), route_named(slug)
    changing = request.method == "POST"
    form = RouteForm(request.POST if changing else None, new=False, initial=route_initial(one))
    if changing and form.is_valid():
        try:
            routing.route_update(actor=actor, now=now_of(request), slug=slug, fields=form.values())
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, "Saved. What is on its way already stays as it is.")
            return redirect("incidents:alert-routes")
    context = {"one": one, "form": form, "manages": may(actor, "alert_route.manage")}
    return render(request, "incidents/alerts/route.html", context, status=400 if changing else 200)


@require_POST
def route_moved(request: HttpRequest, slug: str, way: str) -> HttpResponse:
    """Ask a route one place earlier or later."""
    routing.route_move(actor=actor_of(request), now=now_of(request), slug=slug, up=way == "up")
    return redirect("incidents:alert-routes")


@require_POST
def route_step(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    """Take a route out of use, or put it in use again."""
    _stepped(request, slug, step, ROUTE_STEPS, "incidents:alert-route")
    return redirect("incidents:alert-routes")


def _stepped(
    request: HttpRequest, slug: str, step: str, steps: dict[str, tuple[Callable[..., Any], str]], page: str
) -> HttpResponse:
    if step not in steps:
        raise NotFound("There is no such step.")
    take, words = steps[step]
    take(actor=actor_of(request), now=now_of(request), slug=slug)
    messages.success(request, words)
    return redirect(page, slug)

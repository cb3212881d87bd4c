"""Pages where the status page is written: components and notices."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.models import StatusComponent, StatusCopy, StatusNotice, StatusSubscriber
from incidents.models.response import PREFIX
from incidents.public_status import ENDED, MACHINES
from incidents.selectors.response import incident_seen
from incidents.selectors.statuspage import notice_numbered, notices_loaded
from incidents.services.response.working import incident_tell_public
from incidents.services.statuspage import (
    component_create,
    component_move,
    component_update,
    notice_open,
    notice_update,
)
from incidents.services.statuspage.publishing import suggested_impacts, suggested_title
from incidents.web.statuspage_forms import ComponentForm, NoticeForm
from opsportal.catalog.models import Service
from opsportal.catalog.web.answers import FORM_REFUSALS, refuse
from opsportal.core.access import may, require
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of
from opsportal.core.registry import key_urls
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of


@require_safe
def arrange(request: HttpRequest) -> HttpResponse:
    """List components and notices, what is going on first."""
    current = list(notices_loaded().exclude(state__in=ENDED)[:100])
    over = page_of(notices_loaded().filter(state__in=ENDED), request, order=("-starts_at", "-id"))
    context = {
        "components": list(StatusComponent.objects.select_related("service")),
        "current": current,
        "page": over,
        "may_arrange": may(actor_of(request), "status.arrange"),
        "subscribers": StatusSubscriber.objects.filter(state="active").count(),
        "copied": StatusCopy.objects.filter(pk=1).first(),
    }
    return render(request, "incidents/statuspage/arrange.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def component_new(request: HttpRequest) -> HttpResponse:
    """Show a further component."""
    require(actor_of(request), "status.arrange")
    form = ComponentForm(request.POST or None, services=_services(), initial={"announces": "itself"})
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            made = component_create(actor=actor_of(request), now=now_of(request), **form.values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, f"{made.name} is on the status page.")
            return redirect("incidents:status-arrange")
    return render(request, "incidents/statuspage/component_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def component_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a component."""
    shown = StatusComponent.objects.select_related("service").filter(slug=slug).first()
    if shown is None:
        raise NotFound("There is no such component.")
    require(actor_of(request), "status.arrange")
    initial = {
        **{name: getattr(shown, name) for name in ("name", "description", "group", "position", "announces")},
        "service": shown.service.slug if shown.service else "",
        "version": shown.version,
    }
    form = ComponentForm(request.POST or None, services=_services(), edits=True, initial=initial)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            component_update(
                actor=actor_of(request),
                now=now_of(request),
                slug=slug,
                version=form.cleaned_data["version"],
                **form.values,
            )
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Saved.")
            return redirect("incidents:status-arrange")
    context = {"form": form, "component": shown}
    return render(request, "incidents/statuspage/component_form.html", context, status=status)


@require_POST
def component_moved(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Retire a component, or show it again."""
    moved = component_move(actor=actor_of(request), now=now_of(request), slug=slug, verb=verb)
    messages.success(request, f"{moved.name}: {moved.get_state_display().lower()}.")
    return redirect("incidents:status-arrange")


@require_http_methods(["GET", "HEAD", "POST"])
def notice_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Tell the public of something that no incident and no change tells of."""
    form = NoticeForm(request.POST or None, kind=kind, components=_shown())
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            made = notice_open(actor=actor_of(request), now=now_of(request), kind=kind, **form.values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Published.")
            return redirect("incidents:status-notice-edit", made.pk)
    context = {"form": form, "kind": kind}
    return render(request, "incidents/statuspage/notice_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def notice_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say a further word about a notice; below stands what was said."""
    shown = notice_numbered(pk)
    form = NoticeForm(
        request.POST or None,
        kind=shown.kind,
        state=shown.state,
        components=_shown(),
        named={part.component.slug: part.impact for part in shown.parts.all()},
        initial=_initial(shown),
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        values = {name: value for name, value in form.values.items() if value not in (None, {})}
        try:
            notice_update(
                actor=actor_of(request),
                now=now_of(request),
                pk=pk,
                version=form.cleaned_data["version"],
                **values,
            )
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal, version=shown.version)
        else:
            messages.success(request, "Published.")
            return redirect("incidents:status-notice-edit", pk)
    context = {"form": form, "notice": shown, "kind": shown.kind}
    return render(request, "incidents/statuspage/notice_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def incident_public(request: HttpRequest, key: str) -> HttpResponse:
    """Tell the public of an incident."""
    actor, now = actor_of(request), now_of(request)
    incident = incident_seen(actor, number_of(key, PREFIX) or 0, now)
    shown = notices_loaded().filter(source=incident.key).first()
    named = {part.component.slug: part.impact for part in shown.parts.all()} if shown else None
    named = named or suggested_impacts(incident)
    form = NoticeForm(
        request.POST or None,
        kind="incident",
        state=shown.state if shown else "",
        components=_shown(),
        named=named,
        initial=_initial(shown) if shown else {"title": suggested_title(named) if named else ""},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            incident_tell_public(actor=actor, now=now, pk=incident.pk, **form.values)
        except FORM_REFUSALS as refusal:
            status = refuse(request, form, refusal)
        else:
            messages.success(request, "Published.")
            return redirect(key_urls[PREFIX](incident.pk))
    context = {
        "form": form,
        "notice": shown,
        "kind": "incident",
        "incident": incident,
        "incident_url": key_urls[PREFIX](incident.pk),
    }
    return render(request, "incidents/statuspage/notice_form.html", context, status=status)


def _initial(shown: StatusNotice) -> dict[str, Any]:
    state = shown.state if MACHINES[shown.kind].can(shown.state, shown.state) else ""
    return {
        "title": shown.title,
        "state": state,
        "starts_at": shown.starts_at,
        "ends_at": shown.ends_at,
        "version": shown.version,
    }


def _shown() -> list[StatusComponent]:
    return list(StatusComponent.objects.filter(state="shown"))


def _services() -> list[tuple[str, str]]:
    return list(Service.objects.order_by("name").values_list("slug", "name"))

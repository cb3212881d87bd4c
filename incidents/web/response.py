"""Pages of incidents: the list, declaring one, one of them, its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.models import Incident
from incidents.panels.response import incident_path
from incidents.selectors.incident_list import IncidentFilter, incident_by_key, incident_list
from incidents.services.response.declaring import incident_declare
from incidents.services.response.editing import incident_unlink
from incidents.services.response.people import incident_role_end, incident_watch
from incidents.services.response.tasks import incident_task_change
from incidents.services.response.working import incident_entry_edit
from incidents.severities import CHOICES, SEVERITIES
from incidents.states import INCIDENT, OPEN
from incidents.web.incident_page import SEVERITY_TONES, live_context, mark_of, page_context
from incidents.web.incident_steps import STEPS
from incidents.web.response_forms import DeclareForm, LineForm, service_choices
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

STATE_WORDS = (("open", "Open"), ("", "All"), *INCIDENT.choices)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the list is narrowed by, as the address says it; a word that means nothing is left out."""

    state: str
    severity: str
    service: str
    text: str
    mine: bool

    @classmethod
    def of(cls, request: HttpRequest) -> ListQuery:
        given = request.GET
        state = given.get("state", "open")
        severity = given.get("severity", "")
        return cls(
            state=state if state in dict(STATE_WORDS) else "open",
            severity=severity if severity in SEVERITIES else "",
            service=given.get("service", "")[:60].replace("\x00", ""),
            text=given.get("q", "").strip()[:200].replace("\x00", ""),
            mine=given.get("mine") == "1",
        )

    @property
    def is_any(self) -> bool:
        return bool(self.severity or self.service or self.text or self.mine or self.state != "open")


@require_safe
def incident_listed(request: HttpRequest) -> HttpResponse:
    """Show the incidents that the reader may see: those under way, unless others are asked for."""
    query = ListQuery.of(request)
    actor, now = actor_of(request), now_of(request)
    states = {"open": OPEN, "": ()}.get(query.state, (query.state,))
    wanted = IncidentFilter(
        states=tuple(states),
        severities=(query.severity,) if query.severity else (),
        service=query.service,
        assignee=UUID(actor.id) if query.mine and actor.is_user else None,
        text=query.text,
    )
    page = page_of(incident_list(actor, wanted, now), request, order=("-declared_at", "-id"))
    remember_people(request, [("user", str(one.assignee_id or "")) for one in page.items])
    context = {
        "page": page,
        "query": query,
        "tones": SEVERITY_TONES,
        "states": STATE_WORDS,
        "severities": CHOICES,
        "services": service_choices(),
        "may_declare": may(actor, "incident.declare"),
    }
    return render(request, "incidents/response/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def incident_new(request: HttpRequest) -> HttpResponse:
    """Declare an incident, by a form of few fields."""
    if request.method != "POST":
        services = request.GET.getlist("service")
        form = DeclareForm(initial={"services": services, "title": request.GET.get("title", "")[:200]})
        return render(request, "incidents/response/declare.html", {"form": form})
    form = DeclareForm(request.POST)
    if form.is_valid():
        try:
            incident = incident_declare(actor=actor_of(request), now=now_of(request), **form.wanted())
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            return redirect(incident_path(incident.pk))
    return render(request, "incidents/response/declare.html", {"form": form}, status=400)


@require_safe
def incident_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one incident."""
    incident = incident_by_key(actor_of(request), key, now_of(request))
    return render(request, "incidents/response/incident.html", page_context(request, incident))


@require_safe
@cache_control(private=True, no_cache=True)
def incident_live(request: HttpRequest, key: str) -> HttpResponse:
    """Give out what changes while others work, or 304 where nothing has."""
    incident = incident_by_key(actor_of(request), key, now_of(request))
    mark = f'"{mark_of(incident, now_of(request))}"'
    if request.headers.get("If-None-Match") == mark:
        return HttpResponseNotModified(headers={"ETag": mark})
    context = {**live_context(request, incident), "is_live": True}
    response = render(request, "incidents/response/live.html", context)
    response["ETag"] = mark
    return response


@require_POST
def incident_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Take a step; a form that fails keeps what was typed."""
    step = STEPS.get(verb)
    if step is None:
        raise NotFound("There is no such step.")
    actor, now = actor_of(request), now_of(request)
    incident = incident_by_key(actor, key, now)
    given: dict[str, Any] = {}
    form = None
    if step.form is not None:
        form = step.form(request.POST, prefix=verb)
        if not form.is_valid():
            return _wrong(request, incident, verb, form)
        given = form.given()
    if step.locks:
        given["version"] = _version(request)
    try:
        if verb == "merge":
            given["into"] = _other(request, given["into"])
        step.service(actor=actor, now=now, pk=incident.pk, **given)
    except InvalidInput as refusal:
        if form is None:
            raise
        form.add_refusal(refusal)
        return _wrong(request, incident, verb, form)
    if step.done:
        messages.success(request, step.done)
    number = given["into"] if verb == "merge" else incident.pk
    return redirect(f"{incident_path(number)}{'#' + step.anchor if step.anchor else ''}")


def _wrong(request: HttpRequest, incident: Incident, verb: str, form: Any) -> HttpResponse:
    context = page_context(request, incident, {verb: form})
    return render(request, "incidents/response/incident.html", context, status=400)


def _other(request: HttpRequest, key: str) -> int:
    try:
        return incident_by_key(actor_of(request), key, now_of(request)).pk
    except NotFound:
        raise InvalidInput.of("into", "unknown", "There is no such incident.") from None


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@require_POST
def incident_task_step(request: HttpRequest, key: str, task: int, verb: str) -> HttpResponse:
    """Finish a task, drop it, or take it up again."""
    incident = incident_by_key(actor_of(request), key, now_of(request))
    incident_task_change(actor=actor_of(request), now=now_of(request), pk=incident.pk, task=task, verb=verb)
    return redirect(f"{incident_path(incident.pk)}#tasks")


@require_POST
def incident_role_ended(request: HttpRequest, key: str, role: int) -> HttpResponse:
    """End somebody's role."""
    incident = incident_by_key(actor_of(request), key, now_of(request))
    incident_role_end(actor=actor_of(request), now=now_of(request), pk=incident.pk, role=role)
    return redirect(f"{incident_path(incident.pk)}#roles")


@require_POST
def incident_unlinked(request: HttpRequest, key: str, link: int) -> HttpResponse:
    """Remove a link."""
    incident = incident_by_key(actor_of(request), key, now_of(request))
    incident_unlink(actor=actor_of(request), now=now_of(request), pk=incident.pk, link=link)
    return redirect(f"{incident_path(incident.pk)}#links")


@require_http_methods(["GET", "HEAD", "POST"])
def incident_line_edited(request: HttpRequest, key: str, entry: int) -> HttpResponse:
    """Write a line of the timeline anew."""
    actor, now = actor_of(request), now_of(request)
    incident = incident_by_key(actor, key, now)
    old = incident.entries.filter(pk=entry).first()
    if old is None:
        raise NotFound("There is no such line.")
    form = LineForm(request.POST if request.method == "POST" else None, initial={"text": old.text})
    if form.is_valid():
        try:
            line = incident_entry_edit(
                actor=actor, now=now, pk=incident.pk, entry=entry, text=form.cleaned_data["text"]
            )
        except InvalidInput as refusal:
            form.add_refusal(refusal)
        else:
            return redirect(f"{incident_path(incident.pk)}#line-{line.pk}")
    context = {"incident": incident, "entry": old, "form": form}
    return render(request, "incidents/response/line.html", context, status=400 if form.is_bound else 200)


@require_POST
def incident_watched(request: HttpRequest, key: str) -> HttpResponse:
    """Let the reader be told of what happens to it, or told no more."""
    incident = incident_by_key(actor_of(request), key, now_of(request))
    watching = request.POST.get("watch", "") != "no"
    incident_watch(actor=actor_of(request), now=now_of(request), pk=incident.pk, watching=watching)
    messages.success(request, "You are told of it." if watching else "You are told no more of it.")
    return redirect(incident_path(incident.pk))

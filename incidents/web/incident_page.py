"""What the page of one incident shows, and the part of it that keeps itself up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from incidents.models import Alert, Incident, IncidentEntry
from incidents.panels.response import link_url
from incidents.selectors.incident_list import incident_by_key
from incidents.selectors.response import Line, affected_by, timeline_of
from incidents.services.response.scene import KIND, Scene
from incidents.services.response.working import EDITABLE
from incidents.severities import TITLES
from incidents.web.alerts import with_differences
from incidents.web.incident_steps import FIRST, FRONT, STEPS, Step, initial_of
from opsportal.audit.actions import label
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.registry import RecentChange, recent_changes
from opsportal.obligations.selectors import about, lines_of
from opsportal.web.forms import PortalForm
from opsportal.web.looks import words_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

LOOKED_BACK = timedelta(hours=24)
SHOWN = 20
MOST_LINES = 300
_ICONS = {
    "declared": "alert",
    "acknowledged": "check",
    "mitigated": "shield",
    "resolved": "check",
    "reopened": "undo",
    "noted": "chat",
    "severity_changed": "flag",
    "clock_missed": "clock",
    "escalated": "people",
}
_TONES = {
    "declared": "bad",
    "acknowledged": "info",
    "lapsed": "bad",
    "mitigated": "good",
    "resolved": "good",
    "reopened": "bad",
    "clock_missed": "bad",
    "severity_changed": "waiting",
}
_ESCALATION = {
    "escalation_told": "told the people of this step",
    "escalation_passed": "skipped a step in which nobody can be told; the next ones are told at once",
    "escalation_nobody": "found nobody to tell; tell somebody yourself",
    "escalation_held": "waits for working hours before it tells anybody",
    "escalation_lapsed": "let the acknowledgement lapse; whoever is at it acknowledges again",
    "escalation_replanned": "tells other people, because it is graver now",
}
SEVERITY_TONES = {"sev1": "bad", "sev2": "bad", "sev3": "waiting", "sev4": "neutral"}


def page_context(
    request: HttpRequest, incident: Incident, forms: dict[str, PortalForm] | None = None
) -> dict[str, Any]:
    """Return what the page of an incident shows; `forms` are those that came back wrong, by verb."""
    steps = [one for one in offered(request, incident) if one.form is not None]
    shown = [
        (step, _form(step, incident, forms or {}), step.verb in (forms or {}))
        for step in steps
        if step.verb != "update"
    ]
    return {
        **live_context(request, incident),
        "first_forms": [one for one in shown if one[0].verb in FIRST],
        "other_forms": [one for one in shown if one[0].verb not in FIRST],
        "update_form": next(
            (_form(step, incident, forms or {}) for step in steps if step.verb == "update"), None
        ),
        "recent": recent_of(incident, actor_of(request), now_of(request)),
        "watches": incident.watches.filter(person=UUID(actor_of(request).id), state="watching").exists()
        if actor_of(request).is_user
        else False,
        "may_watch": may(actor_of(request), "incident.watch"),
    }


def live_context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """Return what of the page changes while others work: state, clocks, people, tasks, the timeline."""
    actor, now = actor_of(request), now_of(request)
    lines = timeline_of(incident)[-MOST_LINES:]
    owed = list(about(KIND, incident.key).filter(ended_at__isnull=True)[:SHOWN])
    roles = list(incident.roles.filter(until__isnull=True).order_by("pk"))
    tasks = list(incident.tasks.order_by("state", "due_at", "pk")[:100])
    case = Scene(incident, ()).case(actor, now)
    remember_people(request, _people(incident, lines, roles, tasks))
    merged_into = incident.merged_into
    return {
        "incident": incident,
        "severity_tone": SEVERITY_TONES[incident.severity],
        "mark": mark_of(incident, now),
        "buttons": [one for one in offered(request, incident) if one.verb in FRONT],
        "clocks": lines_of(owed, now),
        "missed": about(KIND, incident.key).filter(breached_at__isnull=False).count(),
        "roles": roles,
        "tasks": tasks,
        "may_task": may(actor, "incident.task", case),
        "affected": affected_by(incident),
        "links": [(link, link_url(link)) for link in incident.links.order_by("pk")],
        "may_link": may(actor, "incident.link", case),
        "alerts": with_differences(
            Alert.objects.filter(incident=incident).order_by("state", "-last_received_at")[:SHOWN]
        ),
        "moments": [moment_of(line, actor, case.leads) for line in reversed(lines)],
        "merged_into": merged_into if merged_into and _sees(actor, merged_into, now) else None,
        "took_in": [one for one in incident.merged.all() if _sees(actor, one, now)],
    }


def _sees(actor: Actor, incident: Incident, now: datetime) -> bool:
    try:
        incident_by_key(actor, incident.key, now)
    except NotFound:
        return False
    return True


def mark_of(incident: Incident, now: datetime) -> str:
    """Return a mark that is another one whenever the live part would be; at least once a minute."""
    newest = IncidentEntry.objects.filter(incident=incident).order_by("-pk").values_list("pk", flat=True)
    owed = about(KIND, incident.key).order_by("-updated_at").values_list("updated_at", flat=True)
    alerts = Alert.objects.filter(incident=incident).order_by("-last_received_at")
    parts: Iterable[object] = (
        incident.version,
        newest.first(),
        owed.first(),
        alerts.values_list("last_received_at", flat=True).first(),
        now.strftime("%Y%m%d%H%M"),
    )
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:20]


def offered(request: HttpRequest, incident: Incident) -> list[Step]:
    """Return the steps that the reader may take now, in order."""
    actor, now = actor_of(request), now_of(request)
    case = Scene(incident, ()).case(actor, now)
    return [
        step
        for step in STEPS.values()
        if step.possible(incident) and may(actor, f"incident.{step.permission}", case)
    ]


def recent_of(incident: Incident, actor: Actor, now: datetime) -> list[RecentChange]:
    """Return what was done to the affected services, and to what they lean on them, from a day before on."""
    services = [one.service.slug for one in affected_by(incident) if one.effect == "direct"]
    if not services:
        return []
    until = min(now, incident.resolved_at or now)
    found = [
        one
        for changes_of in recent_changes.values()
        for one in changes_of(actor, services, incident.detected_at - LOOKED_BACK, until)
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:SHOWN]


def moment_of(line: Line, actor: Actor, leads: bool) -> dict[str, Any]:
    """Return a line of the timeline as its part of the page shows it."""
    entry = line.entry
    wrote = (actor.kind.value, actor.id) == (entry.actor_kind, entry.actor_id)
    return {
        "pk": entry.pk,
        "at": entry.at,
        "late": entry.recorded_at - entry.at > timedelta(minutes=1),
        "recorded_at": entry.recorded_at,
        "tone": _TONES.get(entry.kind, "neutral"),
        "icon": _ICONS.get(entry.kind, "dot"),
        "actor_kind": entry.actor_kind,
        "actor_id": entry.actor_id,
        "title": title_of(entry),
        "person": entry.data.get("person") or entry.data.get("owner") or "",
        "text": entry.text,
        "before": line.before,
        "may_edit": entry.kind in EDITABLE and not actor.is_auditor and (wrote or leads),
    }


def title_of(entry: IncidentEntry) -> str:
    """Return what a line tells, in the words that follow a name."""
    data = entry.data
    if entry.kind == "severity_changed":
        return f"changed the severity from {TITLES.get(data['from'], '')} to {TITLES.get(data['to'], '')}"
    if entry.kind == "noted" and data.get("kind") in {"decision", "observation"}:
        return f"wrote down a {data['kind']}".replace("a observation", "an observation")
    if entry.kind == "merged":
        return f"merged it into {data.get('into', 'another one')}"
    if entry.kind == "took_in":
        return f"took in {data.get('merged', 'another one')}"
    if entry.kind in {"linked", "unlinked"}:
        return f"{entry.kind} {data.get('target', '')}"
    if entry.kind in _ESCALATION:
        return _ESCALATION[entry.kind]
    words = label(f"incident.{entry.kind}")
    return words_of(entry.kind) if words == f"incident.{entry.kind}" else words


def _form(step: Step, incident: Incident, wrong: dict[str, PortalForm]) -> PortalForm:
    if step.verb in wrong:
        return wrong[step.verb]
    if step.form is None:
        raise ValueError(f"{step.verb} has no form")
    return step.form(initial=initial_of(step, incident), prefix=step.verb)


def _people(
    incident: Incident, lines: Collection[Line], roles: Collection[Any], tasks: Collection[Any]
) -> list[tuple[str, str]]:
    entries = [entry for line in lines for entry in (line.entry, *line.before)]
    named = [str(entry.data.get(name) or "") for entry in entries for name in ("person", "owner", "before")]
    people = [
        *(str(one.person_id) for one in roles),
        *(str(one.owner_id or "") for one in tasks),
        str(incident.assignee_id or ""),
        str(incident.acknowledged_by_id or ""),
        *named,
    ]
    return [
        (incident.declared_by_kind, incident.declared_by_id),
        *((entry.actor_kind, entry.actor_id) for entry in entries),
        *(("user", person) for person in people if person),
    ]

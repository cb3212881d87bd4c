"""What follows from steps on incidents, and from what other apps tell."""

from __future__ import annotations

from incidents.models import IncidentEntry, IncidentRole
from incidents.services.response.declaring import incident_declare
from incidents.services.response.editing import incident_link
from incidents.services.response.events import record, topic
from incidents.services.response.scene import KIND, scene_locked
from incidents.telling import NEWS, followers_of, incident_of, tell
from opsportal.audit.actions import register_all
from opsportal.catalog.models import Environment, Service
from opsportal.core.actor import Actor
from opsportal.core.keys import parse_key
from opsportal.core.writes import write
from opsportal.notify.topics import Topic, topics
from opsportal.obligations.models import Obligation
from opsportal.outbox.topics import Message, on

DEPLOYMENTS = Actor.system("incidents.deployments")
CLOCKS = Actor.system("incidents.clocks")
BY_TIER = {"critical": "sev2", "core": "sev3", "supporting": "sev4"}
"""How grave it is at first when a deployment to production was taken back: a person assesses it."""


def on_rolled_back(message: Message) -> None:
    """Declare an incident for a deployment to production that was rolled back; once, however often told."""
    payload = message.payload
    service = Service.objects.filter(pk=payload["service"]).first()
    environment = Environment.objects.filter(pk=payload["environment"]).first()
    if service is None or environment is None or environment.kind != "production":
        return
    key, change = str(payload["key"]), str(payload.get("change", ""))
    incident = incident_declare(
        actor=DEPLOYMENTS,
        now=message.now,
        title=f"{service.name}: a deployment to {environment.name} was rolled back",
        summary=f"{key} was taken back. Find out why, and whether anybody noticed.",
        severity=BY_TIER[service.tier],
        services=[service.slug],
        detected_by="monitor",
        source=("deployment", key),
    )
    for target in filter(None, (key, change)):
        incident_link(
            actor=DEPLOYMENTS, now=message.now, pk=incident.pk, target=target, is_cause=target == key
        )


def on_clock_missed(message: Message) -> None:
    """Put it on the timeline that a time of the standard has passed."""
    owed = Obligation.objects.filter(pk=message.payload["obligation"], subject_kind=KIND).first()
    parsed = parse_key(owed.subject_key) if owed is not None else None
    if owed is None or parsed is None:
        return
    with write(actor=CLOCKS, now=message.now):
        scene = scene_locked(parsed[1], actor=CLOCKS, now=message.now)
        record(
            scene,
            actor=CLOCKS,
            now=message.now,
            event="clock_missed",
            text=owed.what,
            data={"obligation": owed.pk, "rule": owed.rule_id, "due_at": owed.due_at.isoformat()},
        )


_NEWS = {
    "acknowledged": ("Somebody is at it", "The incident was acknowledged."),
    "lapsed": ("It is nobody's again", "The acknowledgement has lapsed; somebody has to take it up."),
    "severity_changed": ("Another severity", "The severity was changed."),
    "mitigated": ("Mitigated", "The harm has stopped; the cause may still be there."),
    "resolved": ("Resolved", "The incident is over."),
    "reopened": ("Open again", "The incident was opened again."),
    "merged": ("Merged", "The incident was merged into another one and goes on there."),
    "updated_internally": ("Update", "An internal update was written."),
    "stakeholders_told": ("Update", "The stakeholders were told how it stands."),
    "executives_briefed": ("Update", "The executives were briefed."),
}
_LOUD = frozenset({"lapsed", "reopened"})


def on_news(message: Message) -> None:
    """Tell those who have a part in it, or watch it, how it goes on."""
    incident = incident_of(message)
    subject, line = _NEWS[message.topic.rpartition(".")[2]]
    said = IncidentEntry.objects.filter(pk=message.payload["entry"]).values_list("text", flat=True).first()
    tell(
        message,
        incident,
        followers_of(incident),
        subject=subject,
        lines=[line, "", said] if said else [line],
        urgency="high" if message.topic.rpartition(".")[2] in _LOUD else "normal",
    )


def on_given(message: Message) -> None:
    """Tell whoever was given an incident, a role in it or a task. On-call people are paged instead."""
    incident, payload = incident_of(message), message.payload
    event = message.topic.rpartition(".")[2]
    if event in {"task_added", "task_changed"}:
        if payload.get("task_state") == "open" and payload.get("owner"):
            tell(
                message,
                incident,
                [str(payload["owner"])],
                subject="A task of yours",
                lines=["A task in an incident is yours."],
            )
        return
    if payload.get("schedule"):
        return
    what, line = "It was given to you", "Read the timeline, and take it up."
    if event == "role_filled":
        what, line = "You have a role in it", _role_line(payload["role"])
    tell(message, incident, [str(payload["person"])], subject=what, lines=[line], urgency="high")


def _role_line(role: str) -> str:
    return f"Your role: {IncidentRole.Role(role).label}."


def register() -> None:
    """Register the audit actions of this area, and listen to its topics."""
    topics.add(NEWS, Topic("Incidents that I have a part in", "How they go on, and what is given to me."))
    on("changes.deployment.rolled_back", "incidents.rolled_back", on_rolled_back)
    on("obligations.breached", "incidents.clock_missed", on_clock_missed)
    for event in _NEWS:
        on(topic(event), "incidents.news", on_news)
    for event in ("assigned", "role_filled", "task_added", "task_changed"):
        on(topic(event), "incidents.given", on_given)
    register_all(ACTIONS)


ACTIONS = {
    "incident.declared": "declared the incident",
    "incident.acknowledged": "acknowledged the incident",
    "incident.lapsed": "let the acknowledgement lapse",
    "incident.escalated": "escalated the incident",
    "incident.assigned": "gave the incident to somebody",
    "incident.role_filled": "gave somebody a role",
    "incident.role_ended": "ended somebody's role",
    "incident.assessed": "assessed severity and impact",
    "incident.severity_changed": "changed the severity",
    "incident.services_changed": "changed what is affected",
    "incident.edited": "edited the incident",
    "incident.updated_internally": "wrote an internal update",
    "incident.stakeholders_told": "told the stakeholders",
    "incident.status_page_updated": "updated the status page",
    "incident.executives_briefed": "briefed the executives",
    "incident.noted": "wrote a note",
    "incident.note_edited": "edited a line of the timeline",
    "incident.task_added": "added a task",
    "incident.task_changed": "changed a task",
    "incident.linked": "linked something",
    "incident.unlinked": "removed a link",
    "incident.mitigated": "mitigated the incident",
    "incident.resolved": "resolved the incident",
    "incident.reopened": "opened the incident again",
    "incident.merged": "merged the incident into another one",
    "incident.took_in": "took another incident in",
    "incident.restricted": "restricted the incident",
    "incident.opened_up": "showed the incident to everybody",
    "incident.reported": "wrote the report",
    "incident.clock_missed": "found that the standard's time for this has passed; do it now, or hand it over",
    "incident.watched": "watches the incident",
    "incident.unwatched": "watches the incident no more",
}
"""What an audit entry of an incident may say, in words."""

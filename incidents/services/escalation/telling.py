"""The words of a page about an incident, and handing it to whom a step has found."""

from __future__ import annotations

from datetime import datetime

from incidents.escalating import Plan
from incidents.models import Escalation, Incident
from incidents.selectors.escalation import Reached
from incidents.selectors.response import affected_by
from incidents.services.response.scene import HIDDEN_TITLE
from incidents.severities import TITLES
from opsportal.notify.services import page, page_stop, target_send

_SUMMARY_LIMIT = 300
_MOST_ALERTS = 3


def people_told(
    escalation: Escalation, plan: Plan, step: int, found: Reached, *, page_key: str, now: datetime
) -> None:
    """Page the people and channels that a step has found, in the transaction under way."""
    incident = escalation.incident
    page(
        now=now,
        page_key=page_key,
        recipients=list(found.people),
        subject=_subject(incident, incident.title),
        body=_body(escalation, plan, step),
        url=f"/incidents/{incident.key}/",
        urgency=plan.urgency(escalation.severity),  # type: ignore[arg-type]  # the constraint knows them
        about=incident.key,
        reference=incident.key,
    )
    # Whoever reads a channel may not be one of those who see a restricted incident.
    title = HIDDEN_TITLE if incident.is_restricted else incident.title
    for channel in found.channels:
        target_send(
            now=now,
            target=channel,
            urgency=plan.urgency(escalation.severity),  # type: ignore[arg-type]
            page_key=page_key,
            subject=_subject(incident, title),
            body="Nobody has acknowledged it yet."
            if incident.is_restricted
            else _body(escalation, plan, step),
            url=f"/incidents/{incident.key}/",
            about=incident.key,
            reference=incident.key,
        )


def paging_stopped(incident: Incident, *, now: datetime) -> None:
    """Let nothing more of the pages about an incident go out."""
    page_stop(now=now, reference=incident.key)


def _subject(incident: Incident, title: str) -> str:
    return f"{TITLES[incident.severity].partition(' ')[0]} {incident.key}: {title}"


def _body(escalation: Escalation, plan: Plan, step: int) -> str:
    incident = escalation.incident
    services = [one.service.name for one in affected_by(incident) if one.effect == "direct"]
    # One that is restricted by its route is not told of to those who see the incident only.
    told = incident.alerts.all() if incident.is_restricted else incident.alerts.filter(restricted=False)
    alerts = list(told.order_by("pk").values_list("title", flat=True)[:_MOST_ALERTS])
    lines = [
        "Nobody has acknowledged this incident."
        if step or escalation.passes
        else "A new incident needs you.",
        "",
        f"Severity: {TITLES[incident.severity]}",
        *([f"Services: {', '.join(services)}"] if services else []),
        *(f"Alert: {title}" for title in alerts),
        "",
        incident.summary[:_SUMMARY_LIMIT],
        "",
        f"You are told by step {step + 1} of {len(plan.steps)} of its escalation."
        if step < len(plan.steps)
        else "You are told because nobody else could be reached, or nobody answered.",
    ]
    if step < len(plan.steps) and plan.steps[step].everyone_acknowledges:
        lines.append("Each person who is told has to acknowledge.")
    return "\n".join(lines).replace("\n\n\n", "\n\n")

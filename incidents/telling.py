"""Whom the portal tells of what happens to an incident, and how.

People are paged by the escalation; this is the news for those who have a part in it or watch it. Nobody is
told of what they did themselves, nor of an incident that they may not see.
"""

from __future__ import annotations

from collections.abc import Iterable

from incidents.models import Incident
from incidents.selectors.response import people_who_see
from opsportal.core.actor import Actor
from opsportal.notify.schedule import Urgency
from opsportal.notify.services import notify
from opsportal.outbox.topics import Message

NEWS = "incidents.mine"


def incident_of(message: Message) -> Incident:
    """Return the incident that a message is about."""
    return Incident.objects.get(pk=message.payload["incident"])


def followers_of(incident: Incident) -> list[str]:
    """Return the ids of those who have a part in it or watch it, without those who chose not to be told."""
    part = [str(pk) for pk in incident.roles.filter(until__isnull=True).values_list("person", flat=True)]
    part += [str(one) for one in (incident.assignee_id, incident.acknowledged_by_id) if one]
    if incident.declared_by_kind == "user":
        part.append(incident.declared_by_id)
    chosen = {str(person): state for person, state in incident.watches.values_list("person", "state")}
    watching = [person for person, state in chosen.items() if state == "watching"]
    return [one for one in dict.fromkeys([*part, *watching]) if chosen.get(one) != "muted"]


def tell(
    message: Message,
    incident: Incident,
    people: Iterable[str],
    *,
    subject: str,
    lines: Iterable[str],
    urgency: Urgency = "normal",
) -> None:
    """Tell `people` (ids), each once for each line of the timeline that a message is about."""
    doer = message.payload.get("actor", "")
    readers = [one for one in people if one and str(Actor.user(one)) != doer]
    notify(
        now=message.now,
        message_key=f"incident:{incident.pk}:{message.payload['entry']}",
        recipients=people_who_see(incident, readers, message.now),
        subject=f"{subject}: {incident.key} {incident.title}",
        body="\n".join([*lines, "", f"Incident: {incident.key} {incident.title}", incident.severity_title]),
        url=f"/incidents/{incident.key}/",
        urgency=urgency,
        topic=NEWS,
        about=incident.key,
    )

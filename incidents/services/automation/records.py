"""What a response leaves behind: its move, a line of the timeline, an audit entry."""

from __future__ import annotations

from datetime import datetime

from incidents.models import AutomatedResponse, ResponseMove
from incidents.services.response.timeline import entry_add
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor

ACTOR = Actor.system("incidents.respond")


def record(
    response: AutomatedResponse,
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    text: str,
    action: str = "",
    detail: str = "",
) -> None:
    """Write what a locked response does now; `text` is for the timeline, `detail` what a receiver said."""
    number = response.log.count() + 1
    ResponseMove.objects.create(
        response=response, number=number, kind=kind, action=action, detail=detail[:300], at=now
    )
    entry_add(
        actor=actor,
        now=now,
        incident=response.incident,
        kind=f"response_{kind}",
        text=text,
        data={"trigger": response.trigger, "action": action, "detail": detail[:300]},
    )
    audit_record(
        actor=actor,
        now=now,
        action=f"response.{kind}",
        object_kind="incident",
        object_key=response.incident.key,
        data={"trigger": response.trigger, "action": action, "response": response.pk},
    )

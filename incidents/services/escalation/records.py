"""What an escalation leaves behind: its move, a line of the timeline, an audit entry, word to listeners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from incidents.models import Escalation, EscalationMove
from incidents.services.response.timeline import entry_add
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.outbox.services import outbox_put

KIND = "incident"
ACTOR = Actor.system("incidents.escalate")


def record_move(
    escalation: Escalation,
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    text: str,
    step: int | None = None,
    told: Sequence[Mapping[str, str]] = (),
    skipped: Sequence[Mapping[str, str]] = (),
    page_key: str = "",
) -> EscalationMove:
    """Write what the escalation does now: the caller has it locked, and saves it afterwards.

    `text` is for the timeline, without names. Raises `IntegrityError` where another worker made this move.
    """
    escalation.moves += 1
    move = EscalationMove.objects.create(
        escalation=escalation,
        number=escalation.moves,
        kind=kind,
        step=step,
        round=escalation.round,
        pass_number=escalation.passes,
        at=now,
        due_at=escalation.due_at,
        told=[dict(one) for one in told],
        skipped=[dict(one) for one in skipped],
        page_key=page_key,
    )
    people = [one["id"] for one in told if one["kind"] == "person"]
    data: dict[str, Any] = {
        "step": step,
        "people": people,
        "channels": [one["id"] for one in told if one["kind"] == "channel"],
        "skipped": [dict(one) for one in skipped],
    }
    entry_add(
        actor=actor,
        now=now,
        incident=escalation.incident,
        kind=f"escalation_{kind}",
        text=text,
        data=data,
    )
    tell(escalation, actor=actor, now=now, event=kind, data={"step": step, "people": people})
    return move


def tell(
    escalation: Escalation,
    *,
    actor: Actor,
    now: datetime,
    event: str,
    data: Mapping[str, JSON] | None = None,
) -> None:
    """Write the audit entry `escalation.<event>`, and tell the topic `incidents.escalation.<event>`."""
    incident = escalation.incident
    about: dict[str, JSON] = {
        "severity": escalation.severity,
        "origin": escalation.origin,
        "reference": escalation.reference,
        "round": escalation.round,
        **(data or {}),
    }
    audit_record(
        actor=actor,
        now=now,
        action=f"escalation.{event}",
        object_kind=KIND,
        object_key=incident.key,
        data=about,
    )
    outbox_put(
        now=now,
        topic=f"incidents.escalation.{event}",
        key=incident.key,
        payload={"incident": incident.pk, "key": incident.key, "at": now.isoformat(), **about},
    )

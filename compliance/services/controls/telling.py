"""Writing down what was done: the audit entry, the topic, the event that rules may count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance.services.core import happened
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.services import outbox_put
from opsportal.standards.vocabulary import Facts


def record(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    key: str,
    done: str,
    data: Mapping[str, JSON] | None = None,
) -> None:
    """Write the audit entry `<kind>.<done>` and tell the topic `compliance.<kind>.<done>`."""
    about: dict[str, JSON] = dict(data or {})
    audit_record(actor=actor, now=now, action=f"{kind}.{done}", object_kind=kind, object_key=key, data=about)
    payload: dict[str, Any] = {"key": key, "actor": str(actor), "at": now.isoformat(), **about}
    outbox_put(now=now, topic=f"compliance.{kind}.{done}", key=key, payload=payload)


def count(
    *,
    actor: Actor,
    now: datetime,
    event: str,
    subject: Subject,
    facts: Facts,
    owner: object,
    record_of: tuple[str, str] | None = None,
    at: datetime | None = None,
    summary: str = "",
    digest: str = "",
    valid_until: datetime | None = None,
) -> None:
    """Let rules count that `event` happened to `subject`, which the person `owner` (an id) answers for."""
    happened(
        actor=actor,
        now=now,
        event=event,
        subject=subject,
        record=record_of or (subject.kind, subject.key),
        at=at or now,
        facts=facts,
        owner=Owner.user(owner),
        summary=summary,
        digest=digest,
        valid_until=valid_until,
    )

"""What every step of governance leaves behind: an audit entry, a message, evidence, and what is owed now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from compliance.governing.of_service import service_facts
from compliance.services.core import happened
from opsportal.accounts.selectors import ADMINISTRATORS, longest_member
from opsportal.audit.services import audit_record
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.services import outbox_put
from opsportal.standards.vocabulary import Facts, Value

ORGANISATION = Subject("organisation", "organisation", "The organisation")


def told(
    event: str,
    *,
    kind: str,
    key: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Record `event` about (`kind`, `key`) in the audit log and tell who hears of it. No evidence."""
    audit_record(actor=actor, now=now, action=event, object_kind=kind, object_key=key, data=dict(data or {}))
    outbox_put(
        now=now,
        topic=f"compliance.{event}",
        key=key,
        payload={"kind": kind, "key": key, "actor": str(actor), "at": now.isoformat(), **(data or {})},
    )


def counted(
    event: str,
    *,
    subject: Subject,
    record: tuple[str, str],
    facts: Facts,
    at: datetime,
    actor: Actor,
    now: datetime,
    owner: Owner | None = None,
    summary: str = "",
    digest: str = "",
    valid_until: datetime | None = None,
    occurrence: str = "",
) -> None:
    """Let rules count that `event` happened at `at` to `subject`, shown by `record` (kind, key)."""
    happened(
        actor=actor,
        now=now,
        event=event,
        subject=subject,
        record=record,
        at=at,
        facts=facts,
        owner=owner,
        summary=summary,
        digest=digest,
        valid_until=valid_until,
        occurrence=occurrence,
    )


def owner_of(service: Service | None, actor: Actor, now: datetime) -> Owner:
    """Return who answers for a service: who has been in its team the longest.

    Without a service, or where its team has nobody: the person who acts, else the administrators.
    """
    member = longest_member(service.owner_team.slug, now.astimezone(UTC).date()) if service else None
    if member is not None:
        return Owner.user(member.pk)
    return Owner.user(actor.id) if actor.is_user else Owner.role(ADMINISTRATORS)


def facts_of(service: Service | None) -> dict[str, Value]:
    """Return the facts of a service, none where there is none."""
    if service is None:
        return {}
    return service_facts(service.slug, service.tier, service.data_classification)


def person_id(actor: Actor) -> UUID | None:
    """Return the id of a person who acts, None for a machine."""
    return UUID(actor.id) if actor.is_user else None

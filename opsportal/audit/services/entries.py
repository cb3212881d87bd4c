"""Business audit entries, written by hand in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from opsportal.audit import actions
from opsportal.audit.canonical import JSON, canonical_bytes
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlation_id
from opsportal.core.storing import insert
from opsportal.core.writes import given_reason


def audit_record(
    *,
    actor: Actor,
    now: datetime,
    action: str,
    object_kind: str,
    object_key: str,
    data: Mapping[str, JSON] | None = None,
    outcome: str = AuditEntry.Outcome.DONE,
) -> AuditEntry:
    """Write one audit entry and return it.

    `now` is aware UTC; `action` must be registered; `data` holds ids, states, hashes and whole
    numbers, never a name or an address. Raises `ValueError` for an unregistered action and whatever
    the database raises: a failure here aborts the change that it would have told of.
    """
    if not actions.is_registered(action):
        raise ValueError(f"audit action '{action}' is not registered")
    correlation = correlation_id()
    document: dict[str, JSON] = {
        "action": action,
        "actor": {"id": actor.id, "kind": actor.kind.value},
        "at": now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "correlation_id": correlation,
        "data": dict(data or {}),
        "object": {"key": object_key, "kind": object_kind},
        "outcome": str(outcome),
    }
    if reason := given_reason():
        document["reason"] = reason
    entry = AuditEntry(
        at=now,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        action=action,
        outcome=str(outcome),
        object_kind=object_kind,
        object_key=object_key,
        correlation_id=correlation,
        canonical=canonical_bytes(document),
    )
    insert(entry)
    return entry

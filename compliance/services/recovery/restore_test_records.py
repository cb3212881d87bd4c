"""What every step of a restore test does at its end: store, write the audit entry, tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from compliance.facts.recovery import asset_facts, restore_test_facts
from compliance.models import RestoreTest
from compliance.recovery.ladder import TITLES
from compliance.selectors.recovery import tests_loaded
from compliance.services.recovery.telling import tell
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.outbox.services import outbox_put

KIND = "restore_test"
EVENT = "restore_test.recorded"


def test_locked(pk: int) -> RestoreTest:
    """Lock a restore test and return it, loaded. Raises `NotFound`."""
    if not RestoreTest.objects.select_for_update().filter(pk=pk).exists():
        raise NotFound("There is no such restore test.")
    return tests_loaded().get(pk=pk)


def save(test: RestoreTest, now: datetime) -> None:
    """Store what a step changed."""
    test.version += 1
    test.updated_at = now
    test.save()


def record(
    test: RestoreTest, event: str, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    """Write the audit entry of one step, and tell whoever listens."""
    audit_record(
        actor=actor,
        now=now,
        action=f"restore_test.{event}",
        object_kind=KIND,
        object_key=test.key,
        data={"asset": test.asset.key, **(data or {})},
    )
    outbox_put(
        now=now,
        topic=f"compliance.restore_test.{event}",
        key=test.key,
        payload={"restore_test": test.key, "asset": test.asset.key, "at": now.isoformat()},
    )


def tell_result(test: RestoreTest, states: Sequence[str], *, actor: Actor, now: datetime) -> None:
    """Tell the standard of a finished test with the `states` of its steps, inside the write under way."""
    assert test.ended_at is not None  # noqa: S101 - it is finished
    tell(
        EVENT,
        test.asset,
        record=(KIND, test.key),
        at=test.ended_at,
        facts={**asset_facts(test.asset), **restore_test_facts(test, states)},
        summary=f"Restore test of {test.asset.slug}: {TITLES[test.level].lower()}, {test.outcome}",
        actor=actor,
        now=now,
    )

"""Ending obligations: met, or no longer needed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.storing import update
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.states import OBLIGATION

_VERBS = {"met": "meet", "void": "void"}


def obligations_end(
    *,
    actor: Actor,
    now: datetime,
    subject_kind: str,
    subject_key: str,
    rule_ids: Collection[str],
    outcome: Literal["met", "void"],
    occurrence: str | None = None,
) -> list[Obligation]:
    """End what is still owed about a subject under these rules, and return it.

    With `occurrence`, only that round of it. Nothing owed is no error: the list is empty.
    """
    with write(actor=actor, now=now):
        rows = Obligation.objects.select_for_update().filter(
            subject_kind=subject_kind, subject_key=subject_key, rule_id__in=rule_ids, ended_at__isnull=True
        )
        if occurrence is not None:
            rows = rows.filter(occurrence=occurrence)
        ended = list(rows.order_by("id"))
        for row in ended:
            end_row(row, actor=actor, now=now, outcome=outcome)
        return ended


def breach_if_late(row: Obligation, now: datetime) -> None:
    """Put on a locked row that its time has passed, where that is so; saved by the caller."""
    if row.breached_at is None and row.due_at <= now:
        row.state = OBLIGATION.move(row.state, "breach")
        row.breached_at = now


def end_row(row: Obligation, *, actor: Actor, now: datetime, outcome: Literal["met", "void"]) -> None:
    """End one row that is owed and locked, inside the write under way.

    What is met when its time has passed is met late, and what is void then was breached before, also where
    no tick has noted the breach yet.
    """
    breach_if_late(row, now)
    row.state = OBLIGATION.move(row.state, _VERBS[outcome])
    row.ended_at = now
    row.met_at = now if outcome == "met" else None
    row.next_at = None
    row.updated_at = now
    row.version += 1
    update(row)
    met = "obligation.met_late" if row.breached_at else "obligation.met"
    audit_record(
        actor=actor,
        now=now,
        action=met if outcome == "met" else "obligation.voided",
        object_kind=row.subject_kind,
        object_key=row.subject_key,
        data={"obligation": row.pk, "rule": row.rule_id, "due_at": row.due_at.isoformat()},
    )

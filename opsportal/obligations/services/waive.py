"""Letting somebody off, with a reason that stays on record."""

from __future__ import annotations

from datetime import datetime

from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.permissions import Waiving
from opsportal.obligations.services.end import breach_if_late
from opsportal.obligations.states import OBLIGATION

MAX_REASON = 1_000


def obligation_waive(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Obligation:
    """Waive what is owed, with a reason of 1 to 1,000 characters, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden` (see permissions.py), `Stale` where `version` is given
    and has moved on, and `IllegalMove` where it is not owed any more.
    """
    with write(actor=actor, now=now):
        row = Obligation.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such obligation.")
        require(actor, "obligation.waive", Waiving(row, now))
        require_version(row, version)
        text = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
        if row.is_owed:
            breach_if_late(row, now)
        # What was breached and met late is as much over as what was met in time.
        row.state = OBLIGATION.move("met" if row.met_at else row.state, "waive")
        row.waiver = text
        row.ended_at = now
        row.next_at = None
        row.updated_at = now
        row.version += 1
        row.save()
        audit_record(
            actor=actor,
            now=now,
            action="obligation.waived",
            object_kind=row.subject_kind,
            object_key=row.subject_key,
            data={"obligation": row.pk, "rule": row.rule_id, "due_at": row.due_at.isoformat()},
        )
        return row

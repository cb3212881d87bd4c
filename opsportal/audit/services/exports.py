"""Lists that leave the portal leave a trace: who took which, narrowed how."""

from __future__ import annotations

from datetime import datetime

from opsportal.audit.services.entries import audit_record
from opsportal.core.actor import Actor
from opsportal.core.writes import write


def export_record(actor: Actor, now: datetime, what: str, how: dict[str, str]) -> None:
    """Write the audit entry of an export. `what` is the list, `how` its format and filters, without names."""
    with write(actor=actor, now=now):
        audit_record(
            actor=actor, now=now, action="admin.exported", object_kind="list", object_key=what, data={**how}
        )

"""Refusals leave a trace too: somebody tried."""

from __future__ import annotations

from datetime import datetime

from opsportal.audit.models import AuditEntry
from opsportal.audit.services.entries import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Refusal, RuleRefused
from opsportal.core.writes import write

MAX_PATH = 100


def refusal_record(actor: Actor, now: datetime, method: str, path: str, refusal: Refusal) -> None:
    """Write the audit entry of a refused request, in a transaction of its own.

    `path` is without query string. Only codes and rules are kept: the words may repeat what was typed.
    """
    rules = [reason.rule for reason in refusal.reasons] if isinstance(refusal, RuleRefused) else []
    with write(actor=actor, now=now):
        audit_record(
            actor=actor,
            now=now,
            action="request.refused",
            object_kind="request",
            object_key=path[:MAX_PATH],
            data={"code": refusal.code, "method": method, "rules": rules, "status": refusal.status},
            outcome=AuditEntry.Outcome.REFUSED,
        )

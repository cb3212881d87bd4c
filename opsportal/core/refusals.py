"""Port: who keeps what was refused. `audit` fills it; edges call it once the refused write is rolled back."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, Refusal, RuleRefused
from opsportal.core.registry import Registry


class Recorder(Protocol):
    """Writes one audit entry with outcome "refused", in a transaction of its own."""

    def __call__(
        self,
        *,
        actor: Actor,
        now: datetime,
        action: str,
        object_kind: str,
        object_key: str,
        data: dict[str, object],
    ) -> None: ...


recorders: Registry[Recorder] = Registry("recorders of refusals")


def record_refusal(
    refusal: Refusal, *, actor: Actor, now: datetime, action: str, object_kind: str, object_key: str
) -> None:
    """Have a refusal kept, where it is one that an auditor asks for: forbidden, or not allowed now.

    `action` names the edge (`page.refused`, `api.refused`); the object is that of the URL. Only codes
    and rule ids are kept, never the text, which may quote what somebody typed.
    """
    if not isinstance(refusal, Forbidden | Conflict):
        return
    data: dict[str, object] = {"code": refusal.code, "status": refusal.status}
    if isinstance(refusal, RuleRefused):
        data["rules"] = sorted({reason.rule for reason in refusal.reasons})
    for record in recorders.values():
        record(
            actor=actor, now=now, action=action, object_kind=object_kind, object_key=object_key, data=data
        )

"""Who gets the monthly report by mail."""

from __future__ import annotations

from datetime import datetime

from compliance.models import ReportRecipient
from opsportal.accounts.models import Role
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.writes import write


def report_subscribe(*, actor: Actor, now: datetime) -> None:
    """Let the acting person get the report. Twice changes nothing. Raises `Forbidden`."""
    with write(actor=actor, now=now):
        require(actor, "report.subscribe")
        _add(actor, now, "user", actor.id)


def report_unsubscribe(*, actor: Actor, now: datetime) -> None:
    """Let the acting person get it no longer. Raises `Forbidden`."""
    with write(actor=actor, now=now):
        require(actor, "report.subscribe")
        _remove(actor, now, "user", actor.id)


def report_address(*, actor: Actor, now: datetime, role: str, wanted: bool) -> None:
    """Let the holders of a role (slug) get the report, or no longer. Raises `Forbidden`, `InvalidInput`."""
    with write(actor=actor, now=now):
        require(actor, "report.address")
        if not Role.objects.filter(slug=role).exists():
            raise InvalidInput.of("role", "unknown", "There is no such role.")
        (_add if wanted else _remove)(actor, now, "role", role)


def _add(actor: Actor, now: datetime, kind: str, key: str) -> None:
    _, is_new = ReportRecipient.objects.get_or_create(kind=kind, key=key, defaults={"created_at": now})
    if is_new:
        _record(actor, now, "subscribed", kind, key)


def _remove(actor: Actor, now: datetime, kind: str, key: str) -> None:
    row = ReportRecipient.objects.select_for_update().filter(kind=kind, key=key).first()
    if row is not None:
        row.delete()
        _record(actor, now, "unsubscribed", kind, key)


def _record(actor: Actor, now: datetime, event: str, kind: str, key: str) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"monthly_report.{event}",
        object_kind="report_recipient",
        object_key=f"{kind}:{key}",
    )

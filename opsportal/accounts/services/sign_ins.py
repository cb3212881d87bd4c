"""The record of sign-ins: who came in, and that somebody was turned away."""

from __future__ import annotations

from datetime import datetime

from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.writes import write


def sign_in_record(*, actor: Actor, now: datetime) -> None:
    """Write the audit entry of a person (`actor`) who has signed in."""
    with write(actor=actor, now=now):
        audit_record(actor=actor, now=now, action="user.signed_in", object_kind="user", object_key=actor.id)


def sign_in_refuse(*, now: datetime, email: str) -> None:
    """Write the audit entry of an attempt to sign in with a wrong password or an unknown address.

    Both write one row, so that the time of the answer does not tell which addresses exist. The address
    itself is not kept.
    """
    actor = Actor.anonymous()
    with write(actor=actor, now=now):
        known = User.objects.filter(email=email.strip().lower()).values_list("pk", flat=True).first()
        audit_record(
            actor=actor,
            now=now,
            action="user.signed_in",
            object_kind="user",
            object_key=str(known) if known else "",
            outcome=AuditEntry.Outcome.REFUSED,
        )

"""Rows under lock, and the record of what was done to them, for this app's services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from opsportal.accounts.models import User
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, NotFound
from opsportal.outbox.services import outbox_put


def locked_user(user_id: UUID | str, *, with_administrators: bool = False) -> User:
    """Return the person with their row locked. Raises `NotFound`.

    With all active administrators, in one order, two who remove each other cannot both succeed.
    """
    try:
        identifier = user_id if isinstance(user_id, UUID) else UUID(str(user_id))
    except ValueError:
        raise NotFound("There is no such person.") from None
    condition = Q(pk=identifier)
    if with_administrators:
        condition |= Q(is_staff=True, is_active=True)
    rows = {user.pk: user for user in User.objects.select_for_update().filter(condition).order_by("pk")}
    if identifier not in rows:
        raise NotFound("There is no such person.")
    return rows[identifier]


def require_not_erased(user: User) -> None:
    """Raise `Conflict` where nothing of this person is left to change."""
    if user.erased_at is not None:
        raise Conflict("This person was erased; nothing of them can be changed any more.", code="erased")


def require_active(user: User) -> None:
    """Raise `Conflict` where this person may not sign in, so that nothing can be given to them."""
    require_not_erased(user)
    if not user.is_active:
        raise Conflict("This person may not sign in; reactivate them first.", code="inactive")


def require_of_the_house(user: User) -> None:
    """Raise `Conflict` for a guest from outside, or where this person may not sign in."""
    require_active(user)
    if user.is_guest:
        raise Conflict(
            "An external auditor reads what was opened to them, and is given nothing else.", code="guest"
        )


def require_another_administrator(user: User) -> None:
    """Raise `Conflict` where `user`, read with the administrators locked, is the last active one."""
    if not (user.is_staff and user.is_active):
        return
    if not User.objects.filter(is_staff=True, is_active=True).exclude(pk=user.pk).exists():
        raise Conflict(
            "This is the last administrator: make somebody else one first.", code="last_administrator"
        )


def record(
    *, actor: Actor, now: datetime, action: str, kind: str, key: str, data: Mapping[str, JSON], **told: JSON
) -> None:
    """Write the audit entry of `action` and tell the topic `accounts.<action>`.

    The message carries what the entry carries, `{kind: key}`, and what else is `told`.
    """
    audit_record(actor=actor, now=now, action=action, object_kind=kind, object_key=key, data=data)
    outbox_put(now=now, topic=f"accounts.{action}", payload={kind: key, **data, **told}, key=key)

"""What is left behind by a write of the roster: an audit entry and a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from incidents.models import Schedule
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.outbox.services import outbox_put


def schedule_named(slug: str) -> Schedule:
    """Return the schedule, locked until the write is over. Raises `NotFound`.

    Whoever writes anything that hangs on the roster of a schedule takes this lock first.
    """
    found = Schedule.objects.select_for_update().filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


def record(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    event: str,
    key: int,
    schedule: Schedule,
    data: Mapping[str, JSON] | None = None,
) -> None:
    """Write the audit entry `<kind>.<event>`, and tell the topic `incidents.<kind>.<event>`."""
    about: dict[str, JSON] = {"schedule": schedule.slug, **(data or {})}
    audit_record(
        actor=actor,
        now=now,
        action=f"{kind}.{event}",
        object_kind=kind,
        object_key=str(key),
        data=about,
    )
    outbox_put(
        now=now,
        topic=f"incidents.{kind}.{event}",
        key=f"{kind}:{key}",
        payload={kind: key, "actor": str(actor), "at": now.isoformat(), **about},
    )

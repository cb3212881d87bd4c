"""What pages of others show of the roster: the tabs of a schedule, and what of on-call waits for somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.models import Schedule
from incidents.selectors.roster import handovers_open
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels


def tabs(_actor: Actor, _now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what the links to the tabs of a schedule need."""
    return {"schedule": subject} if isinstance(subject, Schedule) else None


def places(actor: Actor, _now: datetime, _subject: Any) -> dict[str, Any]:
    """Return what the links beside the list of schedules need."""
    return {"may_import": may(actor, "oncall.import")}


def to_sign(actor: Actor, now: datetime, _subject: Any) -> dict[str, Any] | None:
    """Return the handovers that wait for the reader's signature; None where there are none."""
    if not actor.is_user:
        return None
    person = UUID(actor.id)
    rows = [
        one
        for one in handovers_open(person)
        if (one.outgoing_signed_at if one.outgoing_id == person else one.incoming_signed_at) is None
    ]
    return {"handovers": rows, "now": now} if rows else None


def register() -> None:
    """Put this area's panels where they belong."""
    panels.add(
        "incidents.roster.tabs", Panel("schedule.actions", 20, "incidents/roster/panel_links.html", tabs)
    )
    panels.add(
        "incidents.roster.places",
        Panel("schedules.actions", 20, "incidents/roster/panel_places.html", places),
    )
    panels.add(
        "incidents.roster.sign", Panel("home.waiting", 40, "incidents/roster/panel_handovers.html", to_sign)
    )

"""What notify shows on other pages: the unread count, and what was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels
from opsportal.notify.selectors import dead_count, failing_channels, unread_count


def unread(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the count beside the bell."""
    return {"count": unread_count(actor.id), "words": "unread"} if actor.is_user else None


def undelivered(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what could not be sent, for administrators, who can do something about it."""
    if not may(actor, "operations.see"):
        return None
    dead, failing = dead_count(), list(failing_channels())
    return {"dead": dead, "failing": failing} if dead or failing else None


def register() -> None:
    """Put this app's panels where they belong."""
    panels.add("notify.unread", Panel("nav.notifications", 10, "", unread))
    panels.add("notify.undelivered", Panel("home.broken", 20, "notify/panel_undelivered.html", undelivered))

"""What the outbox shows on other pages: ticks that stand still."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels
from opsportal.outbox.selectors import stale_ticks


def standing_still(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the ticks that stand still. Everybody sees it: what it means concerns everybody."""
    stale = stale_ticks(now)
    return {"stale": stale} if stale else None


def register() -> None:
    """Put this app's panels where they belong."""
    panels.add("outbox.ticks", Panel("home.broken", 10, "outbox/panel_ticks.html", standing_still))

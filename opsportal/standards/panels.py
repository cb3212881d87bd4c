"""What standards show on other pages: that none is in force, or that its document waits for its review."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels
from opsportal.standards.selectors import active_standard_or_none


def trouble(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what is wrong with the standard in force; None where nothing is."""
    standard = active_standard_or_none()
    if standard is not None and not standard.is_review_overdue(now.astimezone(UTC).date()):
        return None
    return {"standard": standard}


def register() -> None:
    """Put this app's panels where they belong."""
    panels.add("standards.trouble", Panel("home.broken", 40, "standards/panel_trouble.html", trouble))

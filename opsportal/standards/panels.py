"""What standards show on other pages: that none is in force. An overdue review is an obligation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels, subject_urls
from opsportal.standards.selectors import active_standard_or_none


def trouble(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return something to show where no standard is in force."""
    return {} if active_standard_or_none() is None else None


def standard_path(name: str) -> str:
    """Return the path of what is to be done about the standard in force."""
    return "/standards/active/#review"


def register() -> None:
    """Put this app's panels where they belong, and say where a standard has its page."""
    subject_urls.add("standard", standard_path)
    panels.add("standards.trouble", Panel("home.broken", 40, "standards/panel_trouble.html", trouble))

"""What other pages show of the status page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.models import Incident, StatusComponent, StatusNotice
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, panels


def of_incident(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what the public is told of an incident; None where nothing of it may be told."""
    assert isinstance(subject, Incident)  # noqa: S101 - the place of this panel
    notice = StatusNotice.objects.filter(source=subject.key).first()
    shown = StatusComponent.objects.filter(state="shown").exists()
    if subject.is_restricted or (notice is None and not (subject.is_open and shown)):
        return None
    return {"incident": subject, "notice": notice, "may_tell": actor.is_user and not actor.is_auditor}


def register() -> None:
    """Put the panels of this area where they belong."""
    template = "incidents/statuspage/panel_incident.html"
    panels.add("incidents.status", Panel("incident.side", 15, template, of_incident))

"""What other pages show of alerts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from incidents.models import ChangeReport
from incidents.selectors.alerts import alerts_loaded
from opsportal.core.actor import Actor
from opsportal.core.registry import Panel, RecentChange, panels, recent_changes

SHOWN = 10


def firing_on(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the alerts that fire on a service (`subject`); None where there is none."""
    rows = list(
        alerts_loaded(actor, now).filter(service=subject, state="firing").order_by("-id")[: SHOWN + 1]
    )
    return {"alerts": rows[:SHOWN], "more": len(rows) > SHOWN, "service": subject} if rows else None


def reported_changes(
    actor: Actor, services: Collection[str], start: datetime, end: datetime
) -> list[RecentChange]:
    """Return what senders reported to have done to `services` (slugs) then, newest first; times aware UTC."""
    rows = ChangeReport.objects.filter(service__slug__in=services, at__gte=start, at__lt=end)
    return [
        RecentChange(
            key=f"report-{one.pk}",
            title=one.summary,
            kind="change",
            state="reported",
            at=one.at,
            url=next((link["href"] for link in one.links), ""),
            services=(one.service.slug,) if one.service else (),
        )
        for one in rows.select_related("service").order_by("-at", "-id")[:50]
    ]


def register() -> None:
    """Put this area's panels and reported changes where they belong."""
    panels.add("alerts.service", Panel("service.main", 5, "incidents/alerts/panel_service.html", firing_on))
    recent_changes.add("reported", reported_changes)

"""The ticks of alerts."""

from __future__ import annotations

from celery import shared_task

from incidents.services.alerts.heartbeats import checks_advance
from incidents.services.alerts.routing import alerts_route
from incidents.services.alerts.silence import silences_watch
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="incidents.route_alerts")
def route_alerts() -> None:
    """Put alerts on their way."""
    with ticking("incidents.route_alerts"):
        alerts_route(clock=database_now)


@shared_task(name="incidents.heartbeat_checks")
def heartbeat_checks() -> None:
    """Miss the pings that did not come."""
    with ticking("incidents.heartbeat_checks"):
        checks_advance(clock=database_now)


@shared_task(name="incidents.silences")
def silences() -> None:
    """Notice the integrations that went silent."""
    with ticking("incidents.silences"):
        silences_watch(clock=database_now)

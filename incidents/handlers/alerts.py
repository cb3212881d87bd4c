"""What the portal notes of integrations, routes and heartbeat checks."""

from __future__ import annotations

from datetime import timedelta

from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect


def register() -> None:
    """Register the ticks and audit actions of this area."""
    expect(
        "incidents.route_alerts",
        every=timedelta(seconds=2),
        without_it="alerts are taken in, but open no incident and page nobody",
    )
    expect(
        "incidents.heartbeat_checks",
        every=timedelta(seconds=5),
        without_it="a heartbeat that stops is not noticed",
    )
    expect(
        "incidents.silences",
        every=timedelta(seconds=30),
        without_it="an integration that goes silent is not noticed",
    )
    register_all(
        {
            "integration.created": "made the integration",
            "integration.edited": "edited the integration",
            "integration.token_made": "made a token of the integration",
            "integration.token_revoked": "revoked a token of the integration",
            "integration.signature_renewed": "renewed the secret of its signatures",
            "integration.switched_off": "switched the integration off",
            "integration.switched_on": "switched the integration on",
            "integration.tested": "sent a test alert",
            "alert_route.created": "made the route",
            "alert_route.edited": "edited the route",
            "alert_route.moved": "moved the route",
            "alert_route.retired": "retired the route",
            "alert_route.reinstated": "put the route in use again",
            "heartbeat_check.created": "made the heartbeat check",
            "heartbeat_check.edited": "edited the heartbeat check",
            "heartbeat_check.token_made": "made a new token of the heartbeat check",
            "heartbeat_check.paused": "paused the heartbeat check",
            "heartbeat_check.resumed": "resumed the heartbeat check",
            "heartbeat_check.missed": "missed a ping",
            "heartbeat_check.returned": "was pinged again",
        }
    )

"""Alerts, where they come from, and what is done about them."""

from incidents.models.alerts.alerts import Alert, AlertMessage, ChangeReport
from incidents.models.alerts.heartbeats import HeartbeatCheck
from incidents.models.alerts.integrations import Integration, IntegrationToken
from incidents.models.alerts.routes import AlertRoute

__all__ = [
    "Alert",
    "AlertMessage",
    "AlertRoute",
    "ChangeReport",
    "HeartbeatCheck",
    "Integration",
    "IntegrationToken",
]

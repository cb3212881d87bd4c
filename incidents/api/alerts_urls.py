"""The paths of alerts, integrations, routes and heartbeat checks."""

from django.urls import re_path

from incidents.api import alerts, alerts_ingest

KEYED = r"(?P<token>opi_[A-Za-z0-9]{1,60})"
PROMETHEUS = r"(?:/api/v2/alerts)?"
"""What Prometheus itself adds to the path that it was given."""

urlpatterns = [
    re_path(r"^alerts/?$", alerts.AlertList.as_view(), name="api-alerts"),
    re_path(
        rf"^alerts/alertmanager{PROMETHEUS}/?$",
        alerts_ingest.AlertmanagerAlerts.as_view(),
        name="api-alerts-alertmanager",
    ),
    re_path(
        rf"^alerts/alertmanager/{KEYED}{PROMETHEUS}/?$",
        alerts_ingest.AlertmanagerAlertsByToken.as_view(),
        name="api-alerts-alertmanager-token",
    ),
    re_path(r"^alerts/grafana/?$", alerts_ingest.GrafanaAlerts.as_view(), name="api-alerts-grafana"),
    re_path(
        rf"^alerts/grafana/{KEYED}/?$",
        alerts_ingest.GrafanaAlertsByToken.as_view(),
        name="api-alerts-grafana-token",
    ),
    re_path(rf"^alerts/{KEYED}/?$", alerts_ingest.OwnAlertsByToken.as_view(), name="api-alerts-token"),
    re_path(r"^alerts/(?P<id>[0-9]{1,18})/?$", alerts.AlertDetail.as_view(), name="api-alert"),
]

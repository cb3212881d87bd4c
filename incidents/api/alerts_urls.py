"""The paths of alerts, integrations, routes and heartbeat checks."""

from django.urls import re_path

from incidents.api import alert_sources, alerts, alerts_ingest

KEYED = r"(?P<token>opi_[A-Za-z0-9]{1,60})"
PROMETHEUS = r"(?:/api/v2/alerts)?"
"""What Prometheus itself adds to the path that it was given."""

SLUG = r"(?P<slug>[-a-z0-9_]{1,60})"

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
    re_path(r"^integrations/?$", alert_sources.IntegrationList.as_view(), name="api-integrations"),
    re_path(rf"^integrations/{SLUG}/?$", alert_sources.IntegrationDetail.as_view(), name="api-integration"),
    *(
        re_path(rf"^integrations/{SLUG}/{step}/?$", view.as_view(), name=f"api-integration-{step}")
        for step, view in alert_sources.INTEGRATION_STEPS.items()
    ),
    re_path(r"^alert-routes/?$", alert_sources.RouteList.as_view(), name="api-alert-routes"),
    re_path(rf"^alert-routes/{SLUG}/?$", alert_sources.RouteDetail.as_view(), name="api-alert-route"),
    *(
        re_path(rf"^alert-routes/{SLUG}/{step}/?$", view.as_view(), name=f"api-alert-route-{step}")
        for step, view in alert_sources.ROUTE_STEPS.items()
    ),
    re_path(
        r"^heartbeats/(?:ping/)?(?P<token>oph_[A-Za-z0-9]{1,60})/?$",
        alert_sources.Ping.as_view(),
        name="api-heartbeat-ping",
    ),
    re_path(r"^heartbeats/?$", alert_sources.CheckList.as_view(), name="api-heartbeats"),
    re_path(rf"^heartbeats/{SLUG}/?$", alert_sources.CheckDetail.as_view(), name="api-heartbeat"),
    *(
        re_path(rf"^heartbeats/{SLUG}/{step}/?$", view.as_view(), name=f"api-heartbeat-{step}")
        for step, view in alert_sources.CHECK_STEPS.items()
    ),
]

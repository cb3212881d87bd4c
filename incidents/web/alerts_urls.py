"""The paths of the pages of alerts, integrations, routes and heartbeat checks."""

from __future__ import annotations

from django.urls import URLPattern, path

from incidents.web import alert_sources, alerts

urlpatterns: list[URLPattern] = [
    path("alerts/", alerts.alert_list, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert_page, name="alert"),
    path("integrations/", alert_sources.integration_list, name="integrations"),
    path("integrations/<slug:slug>/", alert_sources.integration_page, name="integration"),
    path("integrations/<slug:slug>/token/", alert_sources.integration_token, name="integration-token"),
    path(
        "integrations/<slug:slug>/test-over/",
        alert_sources.integration_test_over,
        name="integration-test-over",
    ),
    path("integrations/<slug:slug>/<slug:step>/", alert_sources.integration_step, name="integration-step"),
    path("heartbeats/", alert_sources.check_list, name="heartbeats"),
    path("heartbeats/<slug:slug>/", alert_sources.check_page, name="heartbeat"),
    path("heartbeats/<slug:slug>/token/", alert_sources.check_token, name="heartbeat-token"),
    path("heartbeats/<slug:slug>/<slug:step>/", alert_sources.check_step, name="heartbeat-step"),
    path("alert-routes/", alert_sources.route_list, name="alert-routes"),
    path("alert-routes/<slug:slug>/", alert_sources.route_page, name="alert-route"),
    path("alert-routes/<slug:slug>/move/<slug:way>/", alert_sources.route_moved, name="alert-route-move"),
    path("alert-routes/<slug:slug>/<slug:step>/", alert_sources.route_step, name="alert-route-step"),
]

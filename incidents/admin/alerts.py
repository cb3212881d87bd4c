"""The back office of alerts: what came in, from where, and what was done about it. Looked at here.

Whoever may not see a restricted alert does not find it here either. What senders posted stands on the page of
its alert, for those who may see all of it; here are its time, size and SHA-256.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from incidents.models import (
    Alert,
    AlertMessage,
    AlertRoute,
    ChangeReport,
    HeartbeatCheck,
    Integration,
    IntegrationToken,
)
from incidents.selectors.alerts import alerts_seen
from opsportal.web.admin import GlanceAdmin, LookAdmin, WrittenOnceAdmin
from opsportal.web.requests import actor_of, now_of


@admin.register(Alert)
class AlertAdmin(GlanceAdmin):
    """Alerts, each occurrence once."""

    list_display = [
        "title",
        "integration",
        "severity",
        "service",
        "state",
        "handling",
        "incident",
        "starts_at",
        "ends_at",
        "count",
    ]
    list_filter = ["state", "handling", "severity", "restricted", "received_at"]
    search_fields = ["title", "fingerprint", "integration__slug", "service__slug"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(pk__in=alerts_seen(actor_of(request), now_of(request)).values("pk"))


@admin.register(AlertMessage)
class AlertMessageAdmin(WrittenOnceAdmin):
    """What senders posted."""

    list_display = ["id", "integration", "received_at", "format", "alerts", "refused", "truncated", "sha256"]
    list_filter = ["received_at", "integration"]
    search_fields = ["sha256", "integration__slug", "correlation_id"]
    ordering = ["-id"]


@admin.register(ChangeReport)
class ChangeReportAdmin(WrittenOnceAdmin):
    """What senders say was done elsewhere."""

    list_display = ["summary", "integration", "service", "source", "at", "received_at"]
    list_filter = ["at", "integration"]
    search_fields = ["summary", "source", "service__slug"]
    ordering = ["-id"]


@admin.register(Integration)
class IntegrationAdmin(LookAdmin):
    """Where alerts come from."""

    list_display = ["name", "slug", "kind", "team", "service", "severity", "silent_after", "state"]
    list_filter = ["kind", "state"]
    search_fields = ["name", "slug"]


@admin.register(IntegrationToken)
class IntegrationTokenAdmin(LookAdmin):
    """By what senders are known: the beginning of each secret, never the secret."""

    fields = ["integration", "prefix", "state", "created_at", "revoked_at"]
    list_display = ["prefix", "integration", "state", "created_at", "revoked_at"]
    list_filter = ["state", "created_at"]
    search_fields = ["prefix", "integration__slug"]


@admin.register(AlertRoute)
class AlertRouteAdmin(LookAdmin):
    """What is done about which alert, in order."""

    list_display = ["position", "name", "slug", "action", "severity", "service", "policy", "state", "version"]
    list_display_links = ["name"]
    list_filter = ["state", "action", "restricted"]
    search_fields = ["name", "slug", "policy"]


@admin.register(HeartbeatCheck)
class HeartbeatCheckAdmin(LookAdmin):
    """Jobs that say that they ran."""

    fields = [
        "name",
        "slug",
        "team",
        "service",
        "severity",
        "every",
        "grace",
        "prefix",
        "state",
        "last_ping_at",
        "due_at",
        "created_at",
        "updated_at",
        "version",
    ]
    list_display = ["name", "slug", "team", "service", "every", "grace", "state", "last_ping_at", "due_at"]
    list_filter = ["state", "severity"]
    search_fields = ["name", "slug"]

"""The back office of the outbox: looked at here; retried and dismissed on /operations/, on record."""

from __future__ import annotations

from django.contrib import admin

from opsportal.outbox import topics
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.web.admin import GlanceAdmin
from opsportal.web.admin_lists import word_filter


@admin.register(OutboxMessage)
class OutboxMessageAdmin(GlanceAdmin):
    """Messages on their way. What is done goes after a week."""

    list_display = ["topic", "handler", "key", "state", "attempt", "due_at", "created_at", "error"]
    list_filter = ["state", word_filter("topic", lambda: [(name, name) for name in topics.names()])]
    search_fields = ["key", "message_id", "correlation_id"]
    ordering = ["-id"]


@admin.register(Heartbeat)
class HeartbeatAdmin(GlanceAdmin):
    """When each tick last went through."""

    list_display = ["name", "finished_at", "failed_at", "error"]
    list_filter = ["finished_at", "failed_at"]
    search_fields = ["name", "error"]

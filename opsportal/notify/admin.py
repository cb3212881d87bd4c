"""The back office of notify: looked at here, and what was given up is retried or dismissed, on record."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from opsportal.notify.channels import channels
from opsportal.notify.models import (
    ChannelHealth,
    Delivery,
    DeliveryAttempt,
    Digest,
    DigestItem,
    Notification,
    NotificationSettings,
)
from opsportal.notify.services import delivery_dismiss, delivery_retry
from opsportal.notify.topics import topics
from opsportal.web.admin import GlanceAdmin, LookAdmin
from opsportal.web.admin_actions import carry_out
from opsportal.web.admin_lists import word_filter
from opsportal.web.requests import actor_of, now_of

CHANNELS = word_filter("channel", lambda: [(name, channel.title) for name, channel in channels.items()])


@admin.register(Notification)
class NotificationAdmin(GlanceAdmin):
    """What people were told."""

    list_display = ["subject", "recipient", "urgency", "topic", "about", "created_at", "read_at"]
    list_filter = [
        "urgency",
        word_filter("topic", lambda: [(name, topic.title) for name, topic in topics.items()]),
        "created_at",
    ]
    search_fields = ["subject", "about", "message_key", "correlation_id", "recipient__full_name"]
    date_hierarchy = "created_at"
    list_select_related = ["recipient"]
    ordering = ["-created_at", "-id"]


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]
    """The attempts at a delivery."""

    model = DeliveryAttempt
    fields = readonly_fields = ("number", "outcome", "started_at", "finished_at", "error")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(GlanceAdmin):
    """Notifications on their way through a channel. What has ended goes after a week."""

    list_display = ["message", "channel", "state", "attempt", "due_at", "created_at", "error"]
    list_filter = ["state", CHANNELS]
    search_fields = ["id", "notification__message_key", "notification__about", "digest__id"]
    list_select_related = ["notification", "digest"]
    ordering = ["-created_at", "-id"]
    inlines = [AttemptInline]
    actions = ["retry", "dismiss"]

    @admin.action(description="Send again what was given up")
    def retry(self, request: HttpRequest, rows: QuerySet[Delivery]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: delivery_retry(actor=actor, now=now, pk=row.pk),
            action="retry",
            question="Send these deliveries again?",
            done="Sent again",
        )

    @admin.action(description="Dismiss what was given up")
    def dismiss(self, request: HttpRequest, rows: QuerySet[Delivery]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: delivery_dismiss(actor=actor, now=now, pk=row.pk),
            action="dismiss",
            question="Dismiss these deliveries for good?",
            done="Dismissed",
        )


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(GlanceAdmin):
    """Each claim of a delivery, and what came of it."""

    list_display = ["delivery", "number", "outcome", "started_at", "finished_at", "error"]
    list_filter = ["outcome"]
    search_fields = ["delivery__id", "error"]
    list_select_related = ["delivery"]
    ordering = ["-started_at", "-id"]


class DigestItemInline(admin.TabularInline):  # type: ignore[type-arg]
    """What a digest lists, and what it left out."""

    model = DigestItem
    fields = readonly_fields = ("notification", "outcome")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Digest)
class DigestAdmin(GlanceAdmin):
    """What gathers for one mail, and what went out as one. Goes after a week."""

    list_display = ["recipient", "channel", "state", "due_at", "closed_at", "subject"]
    list_filter = ["state", CHANNELS]
    search_fields = ["recipient__full_name", "correlation_id"]
    list_select_related = ["recipient"]
    ordering = ["-created_at", "-id"]
    inlines = [DigestItemInline]


@admin.register(DigestItem)
class DigestItemAdmin(GlanceAdmin):
    """What is in which digest."""

    list_display = ["notification", "digest", "outcome"]
    list_filter = ["outcome"]
    search_fields = ["notification__subject", "notification__about"]
    list_select_related = ["notification", "digest"]
    ordering = ["-id"]


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(LookAdmin):
    """What people chose. Only they change it, on their own page."""

    list_display = ["user", "digest", "digest_at", "quiet_from", "quiet_until", "version"]
    list_filter = ["digest"]
    search_fields = ["user__full_name", "user__email"]
    list_select_related = ["user"]
    ordering = ["-id"]


@admin.register(ChannelHealth)
class ChannelHealthAdmin(GlanceAdmin):
    """Which channels are away."""

    list_display = ["name", "failing_since", "failures", "paused_until", "error"]
    search_fields = ["name", "error"]

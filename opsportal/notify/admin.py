"""The back office of notify: looked at here, and what was given up is retried or dismissed, on record."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from opsportal.core.registry import tells_of_hidden
from opsportal.notify.channels import channels, ways
from opsportal.notify.models import (
    ChannelHealth,
    ChannelTarget,
    ContactMethod,
    Delivery,
    DeliveryAttempt,
    Digest,
    DigestItem,
    Notification,
    NotificationSettings,
    Page,
    ReachPlan,
)
from opsportal.notify.services import delivery_dismiss, delivery_retry
from opsportal.notify.topics import topics
from opsportal.web.admin import BackOffice, GlanceAdmin, LookAdmin
from opsportal.web.admin_actions import carry_out
from opsportal.web.admin_lists import word_filter
from opsportal.web.requests import actor_of, now_of

CHANNELS = word_filter(
    "channel",
    lambda: sorted({(name, each.title) for known in (channels, ways) for name, each in known.items()}),
)
KINDS = word_filter("kind", lambda: [(name, way.title) for name, way in ways.items()])


class Discreet(BackOffice):
    """Rows that tell nothing of what is hidden from the reader: `told` are the columns with its key."""

    told: tuple[str, ...] = ("about", "reference")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        hidden = tells_of_hidden(actor_of(request), now_of(request), *self.told)
        return rows.exclude(pk__in=self.model._default_manager.filter(hidden).values("pk"))


_OF_DELIVERY = (
    "notification__about",
    "notification__reference",
    "page__about",
    "page__reference",
    "digest__items__notification__about",
    "digest__items__notification__reference",
)


@admin.register(Notification)
class NotificationAdmin(Discreet, GlanceAdmin):
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
    fields = readonly_fields = ("number", "outcome", "started_at", "finished_at", "error", "receipt")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(Discreet, GlanceAdmin):
    """Notifications on their way through a channel. What has ended goes after a week."""

    told = _OF_DELIVERY
    list_display = ["message", "channel", "state", "attempt", "due_at", "created_at", "error"]
    list_filter = ["state", CHANNELS]
    search_fields = [
        "id",
        "notification__message_key",
        "notification__about",
        "digest__id",
        "page__reference",
    ]
    list_select_related = ["notification", "digest", "page"]
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
class DeliveryAttemptAdmin(Discreet, GlanceAdmin):
    """Each claim of a delivery, and what came of it."""

    told = tuple(f"delivery__{name}" for name in _OF_DELIVERY)
    list_display = ["delivery", "number", "outcome", "started_at", "finished_at", "error", "receipt"]
    list_filter = ["outcome"]
    search_fields = ["delivery__id", "error", "receipt"]
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
class DigestAdmin(Discreet, GlanceAdmin):
    """What gathers for one mail, and what went out as one. Goes after a week."""

    told = ("items__notification__about", "items__notification__reference")
    list_display = ["recipient", "channel", "state", "due_at", "closed_at", "subject"]
    list_filter = ["state", CHANNELS]
    search_fields = ["recipient__full_name", "correlation_id"]
    list_select_related = ["recipient"]
    ordering = ["-created_at", "-id"]
    inlines = [DigestItemInline]


@admin.register(DigestItem)
class DigestItemAdmin(Discreet, GlanceAdmin):
    """What is in which digest."""

    told = ("notification__about", "notification__reference")
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


class StepInline(admin.TabularInline):  # type: ignore[type-arg]
    """The steps of a page, and how far each came."""

    model = Delivery
    fields = readonly_fields = ("position", "channel", "state", "attempt", "due_at", "finished_at", "error")
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Page)
class PageAdmin(Discreet, GlanceAdmin):
    """Who was paged, by which ways, and what came of it: the ledger."""

    list_display = [
        "subject",
        "recipient",
        "target",
        "purpose",
        "state",
        "reference",
        "created_at",
        "ended_at",
    ]
    list_filter = ["state", "purpose", "urgency", "created_at"]
    search_fields = ["subject", "reference", "page_key", "correlation_id", "recipient__full_name"]
    date_hierarchy = "created_at"
    list_select_related = ["recipient", "target"]
    ordering = ["-created_at", "-id"]
    inlines = [StepInline]


@admin.register(ContactMethod)
class ContactMethodAdmin(LookAdmin):
    """By which ways people can be reached. Addresses are theirs: they are not shown here."""

    list_display = ["user", "kind", "state", "verified_at", "confirmed_at", "error"]
    list_filter = ["state", KINDS]
    search_fields = ["user__full_name"]
    list_select_related = ["user"]
    exclude = ["address", "code_nonce"]
    ordering = ["-created_at", "-id"]


@admin.register(ReachPlan)
class ReachPlanAdmin(LookAdmin):
    """In which order people want to be paged. Only they change it, on their own page."""

    list_display = ["user", "version"]
    list_filter = ["user__is_active"]
    search_fields = ["user__full_name"]
    list_select_related = ["user"]
    ordering = ["-id"]


@admin.register(ChannelTarget)
class ChannelTargetAdmin(LookAdmin):
    """Receivers that are no person. They are set up on the page of the channels."""

    list_display = ["slug", "title", "kind", "hint", "state", "created_at"]
    list_filter = ["state", KINDS]
    search_fields = ["slug", "title"]
    exclude = ["sealed"]
    ordering = ["slug"]

"""The back office of the status page: looked at here, written on its pages."""

from __future__ import annotations

from django.contrib import admin

from incidents.models.statuspage import StatusComponent, StatusMail, StatusNotice, StatusSubscriber
from opsportal.web.admin import LookAdmin


@admin.register(StatusComponent)
class StatusComponentAdmin(LookAdmin):
    """Components."""

    list_display = ["name", "group", "service", "announces", "state", "updated_at"]
    list_filter = ["state", "announces"]
    search_fields = ["name", "slug", "group"]
    list_select_related = ["service"]


@admin.register(StatusNotice)
class StatusNoticeAdmin(LookAdmin):
    """Notices."""

    list_display = ["title", "kind", "state", "source", "starts_at", "ends_at", "updated_at"]
    list_filter = ["kind", "state", "starts_at"]
    search_fields = ["title", "source"]


@admin.register(StatusSubscriber)
class StatusSubscriberAdmin(LookAdmin):
    """Subscribers; the address is shown as long as they stay."""

    list_display = ["id", "email", "state", "asked_at", "confirmed_at", "left_at"]
    list_filter = ["state"]
    search_fields = ["email"]


@admin.register(StatusMail)
class StatusMailAdmin(LookAdmin):
    """Mails to subscribers that did not go out, and those of the last week."""

    list_display = ["id", "subscriber", "state", "tries", "due_at", "finished_at", "error"]
    list_filter = ["state", "created_at"]
    search_fields = ["error"]
    list_select_related = ["subscriber"]

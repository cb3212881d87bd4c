"""The back office of the calendar: looked at here; all of it is written on its pages."""

from __future__ import annotations

from django.contrib import admin

from opsportal.calendar.models import CalendarFeed, Freeze, MaintenanceWindow, WorkingCalendar
from opsportal.core.registry import feed_sources
from opsportal.web.admin import LookAdmin
from opsportal.web.admin_lists import word_filter


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(LookAdmin):
    """Maintenance windows."""

    list_display = ["title", "rule", "at", "zone", "minutes", "state", "updated_at"]
    list_filter = ["state", "updated_at"]
    search_fields = ["title", "rule", "zone"]


@admin.register(Freeze)
class FreezeAdmin(LookAdmin):
    """Freezes."""

    list_display = ["title", "starts_at", "ends_at", "state", "updated_at"]
    list_filter = ["state"]
    search_fields = ["title", "reason"]


@admin.register(WorkingCalendar)
class WorkingCalendarAdmin(LookAdmin):
    """Working time."""

    list_display = ["zone", "opens", "closes", "country", "subdivision", "updated_at"]
    list_filter = ["updated_at"]
    search_fields = ["zone", "country", "subdivision"]


@admin.register(CalendarFeed)
class CalendarFeedAdmin(LookAdmin):
    """Feeds; their addresses are kept nowhere."""

    list_display = ["prefix", "user", "kind", "state", "created_at", "revoked_at"]
    list_filter = [word_filter("kind", lambda: [(kind, kind) for kind in feed_sources]), "state"]
    search_fields = ["prefix"]
    list_select_related = ["user"]
    fields = ["user", "kind", "prefix", "state", "created_at", "revoked_at"]

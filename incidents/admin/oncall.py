"""The back office of on-call: looked at here; all of it is written on its pages."""

from __future__ import annotations

from django.contrib import admin

from incidents.models import Override, Schedule, ScheduleVersion
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin


@admin.register(Schedule)
class ScheduleAdmin(LookAdmin):
    """On-call schedules."""

    list_display = ["name", "slug", "team", "time_zone", "gap_policy", "state", "latest", "updated_at"]
    list_filter = ["state", "gap_policy", "updated_at"]
    search_fields = ["name", "slug"]


@admin.register(Override)
class OverrideAdmin(LookAdmin):
    """Exceptions from on-call schedules."""

    list_display = ["schedule", "kind", "role", "starts_at", "ends_at", "state", "created_at"]
    list_filter = ["state", "kind", "starts_at"]
    search_fields = ["schedule__name", "schedule__slug"]


@admin.register(ScheduleVersion)
class ScheduleVersionAdmin(WrittenOnceAdmin):
    """What schedules said, and from when."""

    list_display = ["schedule", "number", "valid_from"]
    list_filter = ["valid_from"]
    search_fields = ["schedule__name", "schedule__slug"]
    list_select_related = ["schedule"]
    ordering = ["-id"]

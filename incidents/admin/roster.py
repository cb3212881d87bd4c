"""The back office of the roster: offers, shadows, handovers and shifts as they were told. Looked at here."""

from __future__ import annotations

from django.contrib import admin

from incidents.models import Handover, HandoverStep, PublishedShift, Shadow, ShiftSwap
from opsportal.web.admin import GlanceAdmin, LookAdmin

BY_SCHEDULE = ["schedule__name", "schedule__slug"]


@admin.register(ShiftSwap)
class ShiftSwapAdmin(LookAdmin):
    """Time on call that was offered to others."""

    list_display = ["schedule", "offered_by", "role", "starts_at", "ends_at", "state", "taken_by", "taken_at"]
    list_filter = ["state", "starts_at"]
    search_fields = [*BY_SCHEDULE, "offered_by__full_name", "taken_by__full_name"]
    ordering = ["-id"]


@admin.register(Shadow)
class ShadowAdmin(LookAdmin):
    """Who learnt beside whom."""

    list_display = ["schedule", "person", "follows", "starts_at", "ends_at", "state"]
    list_filter = ["state", "starts_at"]
    search_fields = [*BY_SCHEDULE, "person__full_name"]
    ordering = ["-id"]


@admin.register(Handover)
class HandoverAdmin(LookAdmin):
    """Handovers, with what was open and both signatures."""

    list_display = [
        "schedule",
        "role",
        "at",
        "outgoing",
        "outgoing_signed_at",
        "incoming",
        "incoming_signed_at",
        "state",
        "closed_at",
    ]
    list_filter = ["state", "at"]
    search_fields = [*BY_SCHEDULE, "outgoing__full_name", "incoming__full_name"]
    ordering = ["-id"]


@admin.register(HandoverStep)
class HandoverStepAdmin(LookAdmin):
    """Which steps of a handover's list are done, by whom."""

    list_display = ["handover", "step", "person", "at"]
    list_filter = ["at"]
    search_fields = ["handover__schedule__slug", "step", "person__full_name"]
    list_select_related = ["handover", "person"]
    ordering = ["-id"]


@admin.register(PublishedShift)
class PublishedShiftAdmin(GlanceAdmin):
    """The shifts as their people were told them."""

    list_display = ["schedule", "person", "role", "starts_at", "ends_at", "stands_in_for", "cancelled_at"]
    list_filter = ["starts_at", "cancelled_at"]
    search_fields = [*BY_SCHEDULE, "person__full_name", "uid"]
    ordering = ["-id"]

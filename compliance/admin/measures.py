"""The back office of measurements and what is promised of them: looked at; pages and the API write them."""

from __future__ import annotations

from django.contrib import admin

from compliance.models import (
    CapacityPlan,
    CostBudget,
    Measurement,
    MonthlyReport,
    Objective,
    PullSource,
    ReportMail,
    ReportRecipient,
    Rollup,
    Series,
)
from opsportal.web.admin import GlanceAdmin, LookAdmin, WrittenOnceAdmin


@admin.register(Series)
class SeriesAdmin(GlanceAdmin):
    """What is measured of whom."""

    list_display = ("figure", "subject_kind", "subject_key", "component", "unit", "source", "created_at")
    list_filter = ("subject_kind", "created_at")
    search_fields = ("figure", "subject_key", "component")
    ordering = ("figure", "subject_key", "component", "id")


@admin.register(Measurement)
class MeasurementAdmin(GlanceAdmin):
    """Points, by key: a hundred million are not searched, but narrowed to a series by its address."""

    list_display = ("id", "series", "at", "value")
    list_select_related = ("series",)
    list_filter = ("at",)
    search_fields = ("=series__id",)
    ordering = ("-id",)


@admin.register(Rollup)
class RollupAdmin(GlanceAdmin):
    """What is kept of hours and days."""

    list_display = ("series", "grain", "start", "count", "total", "least", "most", "last")
    list_filter = ("grain",)
    list_select_related = ("series",)
    search_fields = ("=series__id",)
    ordering = ("-id",)


@admin.register(PullSource)
class PullSourceAdmin(LookAdmin):
    """Servers that are asked for figures. Their tokens are shown to nobody."""

    list_display = ("slug", "title", "figure", "service", "state", "pulled_at", "points", "failures", "error")
    list_filter = ("state", "service")
    search_fields = ("slug", "title", "base_url")
    ordering = ("slug",)
    fields = (
        "slug",
        "title",
        "base_url",
        "query",
        "figure",
        "unit",
        "service",
        "service_label",
        "component_label",
        "step",
        "state",
        "next_at",
        "fetched_until",
        "pulled_at",
        "points",
        "failures",
        "error",
        "created_at",
        "updated_at",
        "version",
    )


@admin.register(Objective)
class ObjectiveAdmin(LookAdmin):
    """Service level objectives."""

    list_display = ("id", "title", "service", "component", "figure", "objective", "window", "state")
    list_filter = ("state", "service")
    search_fields = ("=id", "title", "service__slug")
    ordering = ("-id",)


@admin.register(CostBudget)
class CostBudgetAdmin(LookAdmin):
    """Cost budgets."""

    list_display = ("component", "service", "budget", "alert_at", "critical_at", "since", "until", "state")
    list_filter = ("state", "service")
    search_fields = ("component", "service__slug")
    ordering = ("component", "-id")


@admin.register(CapacityPlan)
class CapacityPlanAdmin(LookAdmin):
    """Capacity plans."""

    list_display = ("title", "figure", "service", "component", "start", "trigger", "state")
    list_filter = ("state", "service")
    search_fields = ("title", "service__slug", "component")
    ordering = ("-id",)


@admin.register(MonthlyReport)
class MonthlyReportAdmin(WrittenOnceAdmin):
    """Monthly reports as they were made."""

    list_display = ("month", "content_hash", "made_at")
    list_filter = ("made_at",)
    search_fields = ("month",)
    ordering = ("-month",)


@admin.register(ReportRecipient)
class ReportRecipientAdmin(LookAdmin):
    """Who gets the monthly report."""

    list_display = ("kind", "key", "created_at")
    list_filter = ("kind",)
    search_fields = ("key",)
    ordering = ("kind", "key")


@admin.register(ReportMail)
class ReportMailAdmin(GlanceAdmin):
    """Copies of reports on their way."""

    list_display = ("report", "person", "state", "attempt", "due_at", "finished_at", "error")
    list_filter = ("state",)
    list_select_related = ("report", "person")
    search_fields = ("report__month",)
    ordering = ("-id",)

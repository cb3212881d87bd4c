"""The back office of runbooks: looked at only; they are written on their pages and by the API."""

from __future__ import annotations

from django.contrib import admin

from incidents.admin.response import SeenAdmin
from incidents.models import Runbook, RunbookLink, RunbookRun, RunbookStep, RunbookTarget, RunbookVersion
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin


class RunbookTargetInline(admin.TabularInline):  # type: ignore[type-arg]
    """Where a runbook is offered."""

    model = RunbookTarget
    fields = readonly_fields = ("service", "labels")
    extra = 0
    can_delete = False


@admin.register(Runbook)
class RunbookAdmin(LookAdmin):
    """Runbooks."""

    list_display = (
        "slug",
        "title",
        "kind",
        "owner_team",
        "state",
        "published",
        "review_due_at",
        "updated_at",
    )
    list_filter = ("state", "kind", "owner_team")
    search_fields = ("slug", "title")
    list_select_related = ("owner_team",)
    ordering = ("slug",)
    inlines = (RunbookTargetInline,)


@admin.register(RunbookVersion)
class RunbookVersionAdmin(WrittenOnceAdmin):
    """What runbooks said."""

    list_display = ("runbook", "number", "note", "written_at")
    list_filter = ("written_at",)
    search_fields = ("runbook__slug", "runbook__title", "note")
    list_select_related = ("runbook",)
    ordering = ("-id",)


@admin.register(RunbookTarget)
class RunbookTargetAdmin(LookAdmin):
    """Where runbooks are offered."""

    list_display = ("runbook", "service", "labels")
    list_filter = ("runbook__state",)
    search_fields = ("runbook__slug", "service__slug")
    list_select_related = ("runbook", "service")
    ordering = ("-id",)


class RunbookStepInline(admin.TabularInline):  # type: ignore[type-arg]
    """The steps of a run."""

    model = RunbookStep
    fields = readonly_fields = ("number", "text", "state", "note", "by", "at")
    extra = 0
    can_delete = False


@admin.register(RunbookRun)
class RunbookRunAdmin(SeenAdmin):
    """Runs of runbooks."""

    list_display = ("id", "runbook", "occasion", "incident", "state", "started_by", "started_at")
    list_filter = ("state", "occasion", "started_at")
    search_fields = ("=id", "runbook__slug", "=incident__id")
    list_select_related = ("runbook", "started_by", "incident")
    ordering = ("-id",)
    inlines = (RunbookStepInline,)


@admin.register(RunbookStep)
class RunbookStepAdmin(SeenAdmin):
    """Steps of runs."""

    incident = "run__incident"

    list_display = ("run", "number", "state", "by", "at")
    list_filter = ("state",)
    search_fields = ("=run__id", "text")
    list_select_related = ("run", "by")
    ordering = ("-id",)


@admin.register(RunbookLink)
class RunbookLinkAdmin(LookAdmin):
    """Addresses in runbooks, and whether they answer."""

    list_display = ("runbook", "address", "state", "detail", "checked_at", "next_at")
    list_filter = ("state",)
    search_fields = ("runbook__slug", "address")
    list_select_related = ("runbook",)
    ordering = ("-id",)

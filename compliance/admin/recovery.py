"""The back office of recovery: looked at only; what is written is written on its pages and by the API."""

from __future__ import annotations

from django.contrib import admin

from compliance.models import (
    Asset,
    Backup,
    Exercise,
    ExercisePerson,
    ExerciseService,
    LegalHold,
    ProcedureStep,
    Purge,
    RestoreTest,
)
from compliance.services.recovery.record_classes import CLASSES
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_lists import word_filter

RECORDS = word_filter("records", lambda: [(one.slug, one.title) for one in CLASSES])


@admin.register(Asset)
class AssetAdmin(LookAdmin):
    """What must be recoverable."""

    list_display = ("slug", "name", "kind", "data_type", "service", "own_tier", "owner_team", "state")
    list_filter = ("state", "kind", "data_type", "own_tier", "owner_team")
    search_fields = ("=id", "slug", "name", "service__slug", "record_class")
    list_select_related = ("service", "owner_team")
    ordering = ("slug",)


@admin.register(Backup)
class BackupAdmin(WrittenOnceAdmin):
    """Backups as they were reported."""

    list_display = ("id", "asset", "kind", "result", "finished_at", "retention_until", "size_bytes", "tool")
    list_filter = ("result", "kind", "encrypted", "finished_at")
    search_fields = ("=id", "asset__slug", "external_id", "checksum", "place")
    list_select_related = ("asset",)
    ordering = ("-id",)


class StepInline(admin.TabularInline):  # type: ignore[type-arg]
    """Steps, as they were ticked off."""

    model = ProcedureStep
    fields = readonly_fields = ("number", "text", "state", "note", "by", "at")
    extra = 0
    can_delete = False


@admin.register(RestoreTest)
class RestoreTestAdmin(LookAdmin):
    """Whether what is backed up comes back."""

    list_display = (
        "key",
        "asset",
        "state",
        "level",
        "outcome",
        "rto",
        "rto_target",
        "rpo",
        "rpo_target",
        "witness",
        "ended_at",
    )
    list_filter = ("state", "level", "outcome", "scope", "ended_at")
    search_fields = ("=id", "asset__slug", "environment", "procedure")
    list_select_related = ("asset", "witness")
    ordering = ("-id",)
    inlines = (StepInline,)


class PersonInline(admin.TabularInline):  # type: ignore[type-arg]
    """Who took part."""

    model = ExercisePerson
    fields = readonly_fields = ("person", "part")
    extra = 0
    can_delete = False


class ServiceInline(admin.TabularInline):  # type: ignore[type-arg]
    """What took part."""

    model = ExerciseService
    fields = readonly_fields = ("service",)
    extra = 0
    can_delete = False


@admin.register(Exercise)
class ExerciseAdmin(LookAdmin):
    """Exercises of any kind."""

    list_display = ("key", "title", "kind", "state", "outcome", "planned_for", "ended_at")
    list_filter = ("state", "kind", "outcome", "planned_for")
    search_fields = ("=id", "title")
    ordering = ("-id",)
    inlines = (ServiceInline, PersonInline, StepInline)


@admin.register(ExerciseService)
class ExerciseServiceAdmin(LookAdmin):
    """Services that took part in exercises."""

    list_display = ("exercise", "service")
    list_filter = ("exercise__state", "exercise__kind")
    search_fields = ("=exercise__id", "service__slug")
    list_select_related = ("exercise", "service")
    ordering = ("-id",)


@admin.register(ExercisePerson)
class ExercisePersonAdmin(LookAdmin):
    """People who took part in exercises."""

    list_display = ("exercise", "person", "part")
    list_filter = ("exercise__state", "exercise__kind")
    search_fields = ("=exercise__id",)
    list_select_related = ("exercise", "person")
    ordering = ("-id",)


@admin.register(ProcedureStep)
class ProcedureStepAdmin(LookAdmin):
    """Steps of restore tests and exercises."""

    list_display = ("id", "restore_test", "exercise", "number", "state", "by", "at")
    list_filter = ("state",)
    search_fields = ("=restore_test__id", "=exercise__id", "text")
    list_select_related = ("restore_test", "exercise", "by")
    ordering = ("-id",)


@admin.register(LegalHold)
class LegalHoldAdmin(LookAdmin):
    """Legal holds."""

    list_display = ("key", "records", "asset", "state", "placed_by", "placed_at", "lifted_at")
    list_filter = ("state", RECORDS, "placed_at")
    search_fields = ("=id", "records", "asset__slug", "reason")
    list_select_related = ("asset", "placed_by")
    ordering = ("-id",)


@admin.register(Purge)
class PurgeAdmin(WrittenOnceAdmin):
    """What stays of records that were deleted."""

    list_display = ("id", "records", "rows", "oldest_at", "newest_at", "at", "digest")
    list_filter = (RECORDS, "at")
    search_fields = ("=id", "records", "digest")
    ordering = ("-id",)

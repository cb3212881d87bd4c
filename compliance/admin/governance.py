"""The back office of governance: looked at, filtered and exported; written on pages and by the API."""

from __future__ import annotations

from django.contrib import admin

from compliance.models import (
    AccessHolding,
    AccessMove,
    AccessReview,
    BoardDecision,
    BoardDecisionText,
    Checklist,
    ChecklistAnswer,
    ChecklistEdition,
    ChecklistRun,
    Declaration,
    ImprovementItem,
    ImprovementPhase,
    MaturityAssessment,
    PersonRequest,
    ReadinessStatement,
    Scan,
    Training,
    TrainingAttendance,
    TrainingTopic,
    Vulnerability,
)
from opsportal.accounts.models import Role
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_lists import word_filter


@admin.register(AccessReview)
class AccessReviewAdmin(LookAdmin):
    """Access reviews."""

    list_display = ("key", "state", "opened_by", "opened_at", "due_at", "ended_at")
    list_filter = ("state", "opened_at")
    search_fields = ("=id", "note", "list_hash")
    ordering = ("-id",)


@admin.register(AccessHolding)
class AccessHoldingAdmin(LookAdmin):
    """What was held, and what was decided of it."""

    list_display = ("review", "number", "kind", "person", "what", "scope", "reviewer", "state", "decided_by")
    list_filter = ("state", "kind", "decided_at")
    search_fields = ("=review__id", "what", "scope", "person__full_name", "reviewer__full_name")
    list_select_related = ("review", "person", "reviewer", "decided_by")
    ordering = ("-id",)


@admin.register(AccessMove)
class AccessMoveAdmin(WrittenOnceAdmin):
    """Who joined, moved or left."""

    list_display = ("review", "kind", "person", "what", "at")
    list_filter = ("kind", "at")
    search_fields = ("=review__id", "person__full_name", "what")
    list_select_related = ("review", "person")
    ordering = ("-id",)


@admin.register(BoardDecision)
class BoardDecisionAdmin(WrittenOnceAdmin):
    """The register of decisions."""

    list_display = ("key", "board", "decided_on", "supersedes", "recorded_at")
    list_filter = (
        word_filter("board", lambda: list(Role.objects.filter(kind="board").values_list("slug", "title"))),
        "decided_on",
    )
    search_fields = ("=id", "board", "texts__question")
    list_select_related = ("supersedes",)
    ordering = ("-id",)


@admin.register(BoardDecisionText)
class BoardDecisionTextAdmin(WrittenOnceAdmin):
    """The words of decisions, and their corrections."""

    list_display = ("decision", "number", "question", "correction", "written_at")
    list_filter = ("written_at",)
    search_fields = ("=decision__id", "question", "outcome")
    list_select_related = ("decision",)
    ordering = ("-id",)


@admin.register(Checklist)
class ChecklistAdmin(LookAdmin):
    """Checklists."""

    list_display = ("slug", "title", "period", "owner_role", "state", "edition", "updated_at")
    list_filter = ("state", "period")
    search_fields = ("slug", "title")
    ordering = ("slug",)


@admin.register(ChecklistEdition)
class ChecklistEditionAdmin(WrittenOnceAdmin):
    """The items of checklists."""

    list_display = ("checklist", "number", "written_at")
    list_filter = ("written_at",)
    search_fields = ("checklist__slug",)
    list_select_related = ("checklist",)
    ordering = ("-id",)


@admin.register(ChecklistRun)
class ChecklistRunAdmin(LookAdmin):
    """Checklists that were gone through."""

    list_display = ("id", "checklist", "first_day", "last_day", "state", "signed_by", "signed_at")
    list_filter = ("state", "checklist", "first_day")
    search_fields = ("=id", "checklist__slug", "signed_by__full_name")
    list_select_related = ("checklist", "signed_by")
    ordering = ("-id",)


@admin.register(ChecklistAnswer)
class ChecklistAnswerAdmin(LookAdmin):
    """Answers to items of checklists."""

    list_display = ("run", "item", "answer", "note", "figures", "by", "at")
    list_filter = ("answer", "at")
    search_fields = ("=run__id", "item", "note")
    list_select_related = ("run", "by")
    ordering = ("-id",)


@admin.register(TrainingTopic)
class TrainingTopicAdmin(LookAdmin):
    """Topics of training."""

    list_display = ("slug", "title", "audience", "audience_key", "valid_days")
    list_filter = ("audience",)
    search_fields = ("slug", "title")
    ordering = ("slug",)


@admin.register(Training)
class TrainingAdmin(LookAdmin):
    """Sessions of training."""

    list_display = ("key", "topic", "at", "trainer_person", "state", "material", "material_version")
    list_filter = ("state", "topic", "at")
    search_fields = ("=id", "topic__slug", "topic__title")
    list_select_related = ("topic", "trainer_person")
    ordering = ("-id",)


@admin.register(TrainingAttendance)
class TrainingAttendanceAdmin(LookAdmin):
    """Who was at a session."""

    list_display = ("training", "person", "outcome", "recorded_at")
    list_filter = ("outcome", "recorded_at")
    search_fields = ("=training__id", "person__full_name", "training__topic__slug")
    list_select_related = ("training", "person")
    ordering = ("-id",)


@admin.register(Scan)
class ScanAdmin(WrittenOnceAdmin):
    """Scans and tests."""

    list_display = ("key", "kind", "service", "tool", "scope", "performed_at", "counts")
    list_filter = ("kind", "performed_at")
    search_fields = ("=id", "service__slug", "tool", "scope", "external_id")
    list_select_related = ("service",)
    ordering = ("-id",)


@admin.register(Vulnerability)
class VulnerabilityAdmin(LookAdmin):
    """Vulnerabilities."""

    list_display = ("key", "title", "service", "severity", "state", "found_at", "due_at", "exception_key")
    list_filter = ("state", "severity", "due_at", "found_at")
    search_fields = ("=id", "reference", "title", "component", "service__slug", "exception_key")
    list_select_related = ("service",)
    ordering = ("-id",)


@admin.register(PersonRequest)
class PersonRequestAdmin(LookAdmin):
    """Requests of persons, without how to reach them."""

    list_display = ("key", "kind", "reference", "state", "handler", "received_at", "due_at", "ended_at")
    list_filter = ("state", "kind", "received_at", "due_at")
    search_fields = ("=id", "reference")
    list_select_related = ("handler",)
    ordering = ("-id",)
    fields = (
        "kind",
        "reference",
        "member",
        "systems",
        "state",
        "handler",
        "received_at",
        "due_at",
        "extended_because",
        "identified_how",
        "identified_at",
        "identified_by",
        "outcome",
        "erased_at",
        "ended_at",
    )


@admin.register(ImprovementPhase)
class ImprovementPhaseAdmin(LookAdmin):
    """The phases of the improvement plan."""

    list_display = ("number", "title", "first_day", "last_day")
    list_filter = ("first_day",)
    search_fields = ("title",)
    ordering = ("number",)


@admin.register(ImprovementItem)
class ImprovementItemAdmin(LookAdmin):
    """Improvements."""

    list_display = ("key", "title", "phase", "owner", "state", "due_at", "ended_at")
    list_filter = ("state", "phase", "due_at")
    search_fields = ("=id", "title", "owner__full_name")
    list_select_related = ("phase", "owner")
    ordering = ("-id",)


@admin.register(MaturityAssessment)
class MaturityAssessmentAdmin(WrittenOnceAdmin):
    """How mature operations were judged to be."""

    list_display = ("assessed_at", "level", "target", "assessed_by")
    list_filter = ("level", "assessed_at")
    search_fields = ("strengths", "gaps")
    list_select_related = ("assessed_by",)
    ordering = ("-id",)


@admin.register(Declaration)
class DeclarationAdmin(WrittenOnceAdmin):
    """What people declared."""

    list_display = ("key", "rule_id", "subject_key", "declared_by", "declared_at", "valid_until")
    list_filter = ("declared_at", "valid_until")
    search_fields = ("=id", "rule_id", "name", "subject_key", "text")
    list_select_related = ("declared_by",)
    ordering = ("-id",)


@admin.register(ReadinessStatement)
class ReadinessStatementAdmin(WrittenOnceAdmin):
    """What people stated of the readiness of services."""

    list_display = ("service", "item", "is_met", "stated_by", "stated_at", "valid_until")
    list_filter = ("item", "is_met", "stated_at")
    search_fields = ("service__slug", "text")
    list_select_related = ("service", "stated_by")
    ordering = ("-id",)

"""The back office of approvals: looked at only. Votes are cast on the page of what is voted on."""

from __future__ import annotations

from django.contrib import admin

from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Condition, Recusal, Vote
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin


class StageInline(admin.TabularInline):  # type: ignore[type-arg]
    """The stages of a round."""

    model = ApprovalStage
    fields = readonly_fields = ("stage_id", "title", "roles", "quorum", "state", "opened_at", "decided_at")
    extra = 0
    can_delete = False


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(LookAdmin):
    """Rounds of approval."""

    list_display = ("subject_key", "revision", "state", "opened_at", "decided_at", "voided_at")
    list_filter = ("state", "opened_at")
    search_fields = ("subject_key", "content_hash")
    ordering = ("-id",)
    inlines = (StageInline,)


@admin.register(ApprovalStage)
class ApprovalStageAdmin(LookAdmin):
    """Stages."""

    list_display = ("title", "request", "roles", "quorum", "state", "opened_at", "decided_at")
    list_filter = ("state", "opened_at")
    search_fields = ("title", "stage_id", "rule", "request__subject_key")
    list_select_related = ("request",)
    ordering = ("-id",)


@admin.register(Vote)
class VoteAdmin(WrittenOnceAdmin):
    """Votes."""

    list_display = ("request", "stage", "voter", "on_behalf_of", "decision", "cast_at")
    list_filter = ("decision", "cast_at")
    search_fields = ("request__subject_key", "content_hash", "voter__full_name")
    list_select_related = ("request", "stage", "voter", "on_behalf_of")
    ordering = ("-id",)


@admin.register(Recusal)
class RecusalAdmin(WrittenOnceAdmin):
    """Stated conflicts of interest."""

    list_display = ("request", "person", "stated_at")
    list_filter = ("stated_at",)
    search_fields = ("request__subject_key", "person__full_name")
    list_select_related = ("request", "person")
    ordering = ("-id",)


@admin.register(Condition)
class ConditionAdmin(LookAdmin):
    """Conditions of approvals."""

    list_display = ("text", "request", "stage", "state", "done_by", "settled_by")
    list_filter = ("state",)
    search_fields = ("text", "request__subject_key")
    list_select_related = ("request", "stage", "done_by", "settled_by")
    ordering = ("-id",)

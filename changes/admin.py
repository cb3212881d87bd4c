"""The back office of changes: looked at only. Every step is taken on their pages or by the API."""

from __future__ import annotations

from django.contrib import admin

from changes.models import (
    AgendaItem,
    Attestation,
    BreakGlass,
    BreakGlassService,
    Change,
    ChangeComment,
    ChangeTarget,
    ChangeTemplate,
    ChangeWatch,
    Deployment,
    DeploymentEvent,
    Meeting,
    MeetingDecision,
    MeetingPresence,
    SavedFilter,
    TemplateTarget,
)
from changes.rollout import EVENTS
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_lists import word_filter


class ChangeTargetInline(admin.TabularInline):  # type: ignore[type-arg]
    """What a change names."""

    model = ChangeTarget
    fields = readonly_fields = ("service", "environment")
    extra = 0
    can_delete = False


@admin.register(Change)
class ChangeAdmin(LookAdmin):
    """Changes."""

    list_display = ("key", "title", "type", "risk", "state", "retrospective_state", "requester", "updated_at")
    list_filter = ("state", "type", "risk", "retrospective_state", "outcome", "created_at")
    date_hierarchy = "created_at"
    search_fields = ("=id", "title", "content_hash", "requester__full_name")
    search_help_text = "The number of a key, part of a title, or a content hash."
    list_select_related = ("requester",)
    ordering = ("-id",)
    inlines = (ChangeTargetInline,)


@admin.register(ChangeTarget)
class ChangeTargetAdmin(LookAdmin):
    """What changes name."""

    list_display = ("change", "service", "environment")
    list_filter = ("environment",)
    search_fields = ("change__title", "service__slug")
    list_select_related = ("change", "service", "environment")
    ordering = ("-id",)


@admin.register(ChangeComment)
class ChangeCommentAdmin(LookAdmin):
    """Comments."""

    list_display = ("change", "kind", "author", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("change__title", "text")
    list_select_related = ("change", "author")
    ordering = ("-id",)


@admin.register(ChangeWatch)
class ChangeWatchAdmin(LookAdmin):
    """Who chose to watch a change, or not to."""

    list_display = ("change", "person", "state", "since")
    list_filter = ("state",)
    search_fields = ("=change__id",)
    list_select_related = ("change", "person")
    ordering = ("-id",)


@admin.register(SavedFilter)
class SavedFilterAdmin(LookAdmin):
    """Filters that people keep."""

    list_display = ("name", "owner", "team", "saved_at")
    list_filter = ("team", "saved_at")
    search_fields = ("name", "owner__full_name")
    list_select_related = ("owner", "team")
    ordering = ("-id",)


@admin.register(Attestation)
class AttestationAdmin(WrittenOnceAdmin):
    """Attested duties."""

    list_display = ("change", "duty", "rule", "person", "attested_at")
    list_filter = ("attested_at",)
    search_fields = ("change__title", "duty", "rule")
    list_select_related = ("change", "person")
    ordering = ("-id",)


class TemplateTargetInline(admin.TabularInline):  # type: ignore[type-arg]
    """Where a template may be used."""

    model = TemplateTarget
    fields = readonly_fields = ("service", "environment")
    extra = 0
    can_delete = False


@admin.register(ChangeTemplate)
class ChangeTemplateAdmin(LookAdmin):
    """Standard-change templates."""

    list_display = ("slug", "title", "risk", "state", "revision", "valid_until", "updated_at")
    list_filter = ("state", word_filter("risk", lambda: Change.Risk.choices))
    search_fields = ("slug", "title")
    ordering = ("slug",)
    inlines = (TemplateTargetInline,)


@admin.register(TemplateTarget)
class TemplateTargetAdmin(LookAdmin):
    """Where templates may be used."""

    list_display = ("template", "service", "environment")
    list_filter = ("environment",)
    search_fields = ("template__slug", "service__slug")
    list_select_related = ("template", "service", "environment")
    ordering = ("-id",)


@admin.register(Deployment)
class DeploymentAdmin(LookAdmin):
    """Deployments."""

    list_display = ("key", "service", "environment", "release", "decision", "state", "registered_at")
    list_filter = ("decision", "state", "environment", "registered_at")
    date_hierarchy = "registered_at"
    search_fields = ("=id", "release", "commit", "service__slug")
    list_select_related = ("service", "environment")
    ordering = ("-id",)


class BreakGlassServiceInline(admin.TabularInline):  # type: ignore[type-arg]
    """For which services."""

    model = BreakGlassService
    fields = readonly_fields = ("service",)
    extra = 0
    can_delete = False


@admin.register(BreakGlass)
class BreakGlassAdmin(LookAdmin):
    """Break-glass requests."""

    list_display = ("key", "environment", "state", "asked_by", "asked_at", "confirmed_by", "ends_at")
    list_filter = ("state", "environment")
    search_fields = ("=id", "reason", "named__service__slug")
    list_select_related = ("environment", "asked_by", "confirmed_by")
    ordering = ("-id",)
    inlines = (BreakGlassServiceInline,)


@admin.register(BreakGlassService)
class BreakGlassServiceAdmin(LookAdmin):
    """For which services the glass was to be broken."""

    list_display = ("break_glass", "service")
    list_filter = ("break_glass__state",)
    search_fields = ("=break_glass__id", "service__slug")
    list_select_related = ("break_glass", "service")
    ordering = ("-id",)


class AgendaItemInline(admin.TabularInline):  # type: ignore[type-arg]
    """What was put on the agenda, and what was kept of it."""

    model = AgendaItem
    fields = readonly_fields = ("key", "title", "why", "reason", "result", "added_by")
    extra = 0
    can_delete = False


class MeetingPresenceInline(admin.TabularInline):  # type: ignore[type-arg]
    """Who was there."""

    model = MeetingPresence
    fields = readonly_fields = ("person", "presence", "noted_at")
    extra = 0
    can_delete = False


@admin.register(Meeting)
class MeetingAdmin(LookAdmin):
    """Meetings of boards."""

    list_display = ("key", "board", "starts_at", "state", "place", "called_by", "over_at")
    list_filter = ("state", "board", "starts_at")
    date_hierarchy = "starts_at"
    search_fields = ("=id", "board__title", "note", "minutes")
    search_help_text = "The number of a key, part of the board's title, of the note or of the minutes."
    list_select_related = ("board", "called_by")
    ordering = ("-starts_at", "-id")
    inlines = (AgendaItemInline, MeetingPresenceInline)


@admin.register(AgendaItem)
class AgendaItemAdmin(LookAdmin):
    """What was on agendas."""

    list_display = ("meeting", "key", "title", "why", "result", "added_by")
    list_filter = ("why", "meeting__board")
    search_fields = ("=meeting__id", "key", "title")
    list_select_related = ("meeting", "added_by")
    ordering = ("-id",)


@admin.register(MeetingPresence)
class MeetingPresenceAdmin(LookAdmin):
    """Who was at which meeting."""

    list_display = ("meeting", "person", "presence", "noted_at")
    list_filter = ("presence",)
    search_fields = ("=meeting__id", "person__full_name")
    list_select_related = ("meeting", "person")
    ordering = ("-id",)


@admin.register(MeetingDecision)
class MeetingDecisionAdmin(WrittenOnceAdmin):
    """Votes that were cast in meetings."""

    list_display = ("meeting", "vote")
    list_filter = ("meeting__board", "vote__decision")
    search_fields = ("=meeting__id", "vote__request__subject_key")
    list_select_related = ("meeting", "vote")
    ordering = ("-id",)


BY_EVENT = word_filter("event", lambda: [(event, event.replace("_", " ")) for event in EVENTS])


@admin.register(DeploymentEvent)
class DeploymentEventAdmin(WrittenOnceAdmin):
    """What pipelines reported."""

    list_display = ("deployment", "event", "percent", "effect", "action", "received_at")
    list_filter = (BY_EVENT, "effect", "received_at")
    search_fields = ("=deployment__id", "external_id")
    list_select_related = ("deployment",)
    ordering = ("-id",)

"""The back office of frameworks, controls, evidence and exceptions: looked at, searched, exported.

They are written on their pages and by the API.
"""

from __future__ import annotations

from django.contrib import admin

from compliance.models import (
    Control,
    ControlEvent,
    ControlException,
    ControlLink,
    ControlRequirement,
    ControlRule,
    EvidenceItem,
    EvidenceLink,
    EvidenceRevision,
    Framework,
    Requirement,
)
from opsportal.standards.vocabulary import declared
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_lists import word_filter

BY_EVENT = word_filter("event", lambda: [(event.name, event.title) for event in declared().events.values()])


class _Inline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows beneath another one, looked at."""

    extra = 0
    can_delete = False


class RuleInline(_Inline):
    """The rules that a control is judged by."""

    model = ControlRule
    fields = readonly_fields = ("pack", "rule")


class RequirementInline(_Inline):
    """The requirements that a control answers."""

    model = ControlRequirement
    fields = readonly_fields = ("requirement",)


class EvidenceInline(_Inline):
    """The evidence that speaks for a control."""

    model = EvidenceLink
    fields = readonly_fields = ("item",)


class RevisionInline(_Inline):
    """The revisions of a piece of evidence."""

    model = EvidenceRevision
    fields = readonly_fields = ("number", "shows", "observed_at", "received_at", "valid_until", "digest")


@admin.register(Framework)
class FrameworkAdmin(LookAdmin):
    """Frameworks."""

    list_display = ("slug", "title", "published_version", "origin", "edition", "imported_at")
    list_filter = ("origin", "imported_at")
    search_fields = ("slug", "title")
    ordering = ("slug",)


@admin.register(Requirement)
class RequirementAdmin(LookAdmin):
    """Requirements of frameworks."""

    list_display = ("framework", "reference", "section", "text", "state")
    list_filter = ("framework", "state")
    search_fields = ("reference", "text", "section_title")
    list_select_related = ("framework",)
    ordering = ("framework", "position", "id")


@admin.register(Control)
class ControlAdmin(LookAdmin):
    """Controls."""

    list_display = ("key", "title", "owner", "team", "frequency", "state", "reviewed_at", "updated_at")
    list_filter = ("state", "frequency", "team", "updated_at")
    search_fields = ("=id", "title", "answers__requirement__reference", "rules__rule")
    list_select_related = ("owner", "team")
    ordering = ("id",)
    inlines = (RequirementInline, RuleInline, EvidenceInline)


@admin.register(ControlRequirement)
class ControlRequirementAdmin(LookAdmin):
    """Which control answers which requirement."""

    list_display = ("control", "requirement")
    list_filter = ("requirement__framework",)
    search_fields = ("=control__id", "control__title", "requirement__reference")
    list_select_related = ("control", "requirement")
    ordering = ("-id",)


@admin.register(ControlRule)
class ControlRuleAdmin(LookAdmin):
    """Which control is judged by which rule."""

    list_display = ("control", "pack", "rule")
    list_filter = ("control__state",)
    search_fields = ("=control__id", "control__title", "rule")
    list_select_related = ("control",)
    ordering = ("-id",)


@admin.register(ControlEvent)
class ControlEventAdmin(LookAdmin):
    """What the portal sees by itself for which control."""

    list_display = ("control", "event")
    list_filter = (BY_EVENT,)
    search_fields = ("=control__id", "control__title", "event")
    list_select_related = ("control",)
    ordering = ("-id",)


@admin.register(ControlLink)
class ControlLinkAdmin(LookAdmin):
    """How controls bear on each other."""

    list_display = ("control", "relation", "other")
    list_filter = ("relation",)
    search_fields = ("=control__id", "=other__id", "control__title")
    list_select_related = ("control", "other")
    ordering = ("-id",)


@admin.register(EvidenceItem)
class EvidenceItemAdmin(LookAdmin):
    """Evidence that people and machines have brought."""

    list_display = ("key", "title", "kind", "state", "latest", "owner", "valid_until", "updated_at")
    list_filter = ("state", "kind", "valid_until", "updated_at")
    search_fields = ("=id", "title", "reference")
    list_select_related = ("owner",)
    ordering = ("-id",)
    inlines = (RevisionInline,)


@admin.register(EvidenceLink)
class EvidenceLinkAdmin(LookAdmin):
    """Which evidence speaks for which control."""

    list_display = ("item", "control")
    list_filter = ("item__state",)
    search_fields = ("=item__id", "=control__id", "item__title")
    list_select_related = ("item", "control")
    ordering = ("-id",)


@admin.register(EvidenceRevision)
class EvidenceRevisionAdmin(WrittenOnceAdmin):
    """Every revision of evidence."""

    list_display = ("item", "number", "shows", "observed_at", "received_at", "valid_until", "digest")
    list_filter = ("shows", "observed_at", "received_at", "valid_until")
    search_fields = ("=item__id", "item__title", "digest")
    list_select_related = ("item",)
    ordering = ("-id",)


@admin.register(ControlException)
class ControlExceptionAdmin(LookAdmin):
    """Exceptions."""

    list_display = (
        "key",
        "title",
        "kind",
        "state",
        "risk",
        "rule",
        "control",
        "requested_by",
        "decided_by",
        "expires_at",
    )
    list_filter = ("state", "kind", "risk", "expires_at")
    search_fields = ("=id", "title", "rule")
    list_select_related = ("control", "requested_by", "decided_by")
    ordering = ("-id",)

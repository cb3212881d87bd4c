"""The back office of policies, signatures and documents: looked at, searched, exported."""

from __future__ import annotations

from django.contrib import admin

from compliance.models import (
    Attestation,
    Document,
    DocumentLink,
    Policy,
    PolicyPublication,
    PolicyVersion,
)
from opsportal.web.admin import GlanceAdmin, LookAdmin, WrittenOnceAdmin


@admin.register(Policy)
class PolicyAdmin(LookAdmin):
    """Policies."""

    list_display = ("key", "title", "kind", "state", "owner", "published", "published_at", "review_due_at")
    list_filter = ("state", "kind", "audience_kind", "review_due_at")
    search_fields = ("=id", "title")
    list_select_related = ("owner",)
    ordering = ("id",)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(WrittenOnceAdmin):
    """What policies said."""

    list_display = ("policy", "number", "note", "content_hash", "written_at")
    list_filter = ("written_at",)
    search_fields = ("=policy__id", "policy__title", "note", "content_hash")
    list_select_related = ("policy",)
    ordering = ("-id",)


@admin.register(PolicyPublication)
class PolicyPublicationAdmin(WrittenOnceAdmin):
    """Which version was in force from when on."""

    list_display = ("policy", "number", "content_hash", "approval", "published_at")
    list_filter = ("published_at",)
    search_fields = ("=policy__id", "policy__title", "content_hash")
    list_select_related = ("policy",)
    ordering = ("-id",)


@admin.register(Attestation)
class AttestationAdmin(WrittenOnceAdmin):
    """Who signed which version."""

    list_display = ("policy", "number", "person", "signed_at", "content_hash")
    list_filter = ("signed_at", "policy")
    search_fields = ("=policy__id", "policy__title", "person__full_name", "content_hash")
    list_select_related = ("policy", "person")
    ordering = ("-id",)


@admin.register(Document)
class DocumentAdmin(LookAdmin):
    """The register of documents."""

    list_display = ("key", "title", "kind", "service", "owner", "state", "reviewed_at", "review_due_at")
    list_filter = ("state", "kind", "review_due_at")
    search_fields = ("=id", "title", "url", "service__slug")
    list_select_related = ("service", "owner")
    ordering = ("id",)


@admin.register(DocumentLink)
class DocumentLinkAdmin(GlanceAdmin):
    """Whether the addresses of documents answer."""

    list_display = ("document", "url", "state", "detail", "checked_at", "next_at")
    list_filter = ("state",)
    search_fields = ("document__title", "url")
    list_select_related = ("document",)
    ordering = ("-id",)

"""The back office of standards: looked at only. Rows are written once, by `manage.py standard`."""

from __future__ import annotations

from django.contrib import admin

from opsportal.standards.models import Activation, Review, StandardVersion
from opsportal.web.admin import WrittenOnceAdmin


@admin.register(StandardVersion)
class StandardVersionAdmin(WrittenOnceAdmin):
    """Stored versions of standards."""

    list_display = ["name", "version", "title", "content_hash", "stored_at"]
    list_filter = ["name"]
    search_fields = ["name", "title", "content_hash"]
    exclude = ["content"]


@admin.register(Activation)
class ActivationAdmin(WrittenOnceAdmin):
    """When which standard was put in force."""

    list_display = ["standard", "activated_at", "activated_by_kind", "activated_by_id"]
    list_select_related = ["standard"]
    ordering = ["-id"]


@admin.register(Review)
class ReviewAdmin(WrittenOnceAdmin):
    """Reviews of standards."""

    list_display = ["standard", "next_review", "reviewed_at", "reviewed_by_kind", "reviewed_by_id"]
    list_select_related = ["standard"]
    ordering = ["-id"]

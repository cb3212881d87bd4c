"""The back office of standards: looked at only. Rows are written once, by `manage.py standard`."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from opsportal.standards.models import Activation, Review, StandardVersion


class WrittenOnceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table whose rows never change: nothing to add, to change, to delete, and no history but itself."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


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

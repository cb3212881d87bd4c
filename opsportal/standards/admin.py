"""The back office of standards: looked at only. Rows are written once."""

from __future__ import annotations

from django.contrib import admin

from opsportal.standards.models import Activation, Review, StandardDocument, StandardVersion
from opsportal.web.admin import WrittenOnceAdmin
from opsportal.web.admin_lists import name_of


@admin.register(StandardVersion)
class StandardVersionAdmin(WrittenOnceAdmin):
    """Stored versions of standards."""

    list_display = ["name", "version", "edition", "title", "content_hash", "stored_at"]
    list_filter = ["stored_at"]
    search_fields = ["name", "title", "content_hash"]
    exclude = ["content"]


@admin.register(StandardDocument)
class StandardDocumentAdmin(WrittenOnceAdmin):
    """Documents of standards. Their text is on the page of the standard."""

    list_display = ["sha256", "stored_at"]
    list_filter = ["stored_at"]
    search_fields = ["sha256"]
    exclude = ["content"]


@admin.register(Activation)
class ActivationAdmin(WrittenOnceAdmin):
    """When which standard was put in force."""

    list_display = ["standard", "activated_at", "who", "change"]
    list_filter = ["activated_at"]
    search_fields = ["standard__name", "standard__title", "activated_by_id", "change"]
    list_select_related = ["standard"]
    ordering = ["-id"]

    @admin.display(description="who")
    def who(self, row: Activation) -> str:
        return name_of(row, (row.activated_by_kind, row.activated_by_id))

    def actors_of(self, row: Activation) -> list[tuple[str, str]]:
        """Whose names the list has to know."""
        return [(row.activated_by_kind, row.activated_by_id)]


@admin.register(Review)
class ReviewAdmin(WrittenOnceAdmin):
    """Reviews of standards."""

    list_display = ["standard", "next_review", "reviewed_at", "who"]
    list_filter = ["next_review", "reviewed_at"]
    search_fields = ["standard__name", "standard__title", "reviewed_by_id"]
    list_select_related = ["standard"]
    ordering = ["-id"]

    @admin.display(description="who")
    def who(self, row: Review) -> str:
        return name_of(row, (row.reviewed_by_kind, row.reviewed_by_id))

    def actors_of(self, row: Review) -> list[tuple[str, str]]:
        """Whose names the list has to know."""
        return [(row.reviewed_by_kind, row.reviewed_by_id)]

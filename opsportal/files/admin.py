"""The back office of files: looked at here; attached and removed at what they belong to."""

from __future__ import annotations

from django.contrib import admin

from opsportal.files.models import Attachment, StoredFile
from opsportal.web.admin import LookAdmin


@admin.register(StoredFile)
class StoredFileAdmin(LookAdmin):
    """Bytes by their hash."""

    list_display = ["sha256", "content_type", "size", "state", "created_at"]
    list_filter = ["state", "created_at"]
    search_fields = ["sha256", "content_type"]
    ordering = ["-created_at"]


@admin.register(Attachment)
class AttachmentAdmin(LookAdmin):
    """What is attached where."""

    list_display = ["name", "subject_kind", "subject_key", "state", "added_at", "removed_at"]
    list_filter = ["state", "added_at"]
    search_fields = ["subject_key", "name", "file__sha256"]
    ordering = ["-added_at"]

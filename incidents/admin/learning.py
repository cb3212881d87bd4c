"""The back office of postmortems and action items: looked at only."""

from __future__ import annotations

from django.contrib import admin

from incidents.admin.response import SeenAdmin, SeenRows
from incidents.models import ActionItem, Postmortem, PostmortemSnapshot
from opsportal.web.admin import WrittenOnceAdmin


@admin.register(Postmortem)
class PostmortemAdmin(SeenAdmin):
    """Postmortems."""

    list_display = ("key", "incident", "author", "cause", "state", "published_at", "updated_at")
    list_filter = ("state", "cause", "created_at")
    search_fields = ("=id", "=incident__id", "incident__title")
    list_select_related = ("incident", "author")
    ordering = ("-id",)


@admin.register(PostmortemSnapshot)
class PostmortemSnapshotAdmin(SeenRows, WrittenOnceAdmin):
    """What was published."""

    incident = "postmortem__incident"

    list_display = ("postmortem", "number", "content_hash", "published_by", "taken_at")
    list_filter = ("taken_at",)
    search_fields = ("=postmortem__id", "content_hash")
    list_select_related = ("postmortem", "published_by")
    ordering = ("-id",)


@admin.register(ActionItem)
class ActionItemAdmin(SeenAdmin):
    """Action items."""

    incident = "postmortem__incident"

    list_display = ("key", "title", "owner", "priority", "state", "due_at", "done_at")
    list_filter = ("state", "priority", "due_at")
    search_fields = ("=id", "title", "owner__full_name", "change_key")
    list_select_related = ("owner",)
    ordering = ("-id",)

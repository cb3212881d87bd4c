"""Audit entries in the back office: to be read, searched and filtered, and nothing else."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from opsportal.audit import actions
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import ActorKind
from opsportal.core.registry import path_to_hidden, seen_only
from opsportal.web.admin import GlanceAdmin
from opsportal.web.admin_lists import name_of, word_filter
from opsportal.web.requests import actor_of, now_of


@admin.register(AuditEntry)
class AuditEntryAdmin(GlanceAdmin):
    """Who did what to which object. Persons are shown by name here and kept by id only."""

    list_display = ("at", "who", "did", "object_kind", "object_key", "outcome")
    list_filter = (
        "outcome",
        word_filter("actor_kind", lambda: [(kind.value, kind.value.replace("_", " ")) for kind in ActorKind]),
        word_filter("action", lambda: [(name, name) for name in actions.names()]),
    )
    date_hierarchy = "at"
    search_fields = ("object_key", "action", "correlation_id", "actor_id")
    search_help_text = "Key (CHG-12), action, id of a person or of a request."
    fields = ("at", "who", "did", "object_kind", "object_key", "outcome", "correlation_id", "said")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Leave out what tells of something that the reader may not know of."""
        rows: QuerySet[AuditEntry] = super().get_queryset(request)
        actor, now = actor_of(request), now_of(request)
        rows = seen_only(rows, actor, now, kind="object_kind", key="object_key")
        # Of a refused request the path is kept, which may name it.
        return rows.exclude(Q(object_kind="request") & path_to_hidden(actor, now, "object_key"))

    @admin.display(description="who")
    def who(self, entry: AuditEntry) -> str:
        return name_of(entry, (entry.actor_kind, entry.actor_id))

    def actors_of(self, entry: AuditEntry) -> list[tuple[str, str]]:
        """Whose names the list has to know."""
        return [(entry.actor_kind, entry.actor_id)]

    @admin.display(description="did")
    def did(self, entry: AuditEntry) -> str:
        return f"{actions.label(entry.action)} ({entry.action})"

    @admin.display(description="as it was written")
    def said(self, entry: AuditEntry) -> str:
        return json.dumps(json.loads(bytes(entry.canonical)), indent=2, ensure_ascii=False)

    def get_readonly_fields(self, request: object, obj: object = None) -> list[str]:
        return list(self.fields)

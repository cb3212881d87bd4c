"""The back office of obligations: looked at here; they move by events, by the tick, and by being waived."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from opsportal.core.registry import seen_only
from opsportal.obligations.models import Excuse, Obligation
from opsportal.web.admin import LookAdmin
from opsportal.web.admin_lists import name_of
from opsportal.web.requests import actor_of, now_of


@admin.register(Obligation)
class ObligationAdmin(LookAdmin):
    """What somebody owes, or owed."""

    list_display = [
        "what",
        "subject_key",
        "owner_kind",
        "state",
        "due_at",
        "breached_at",
        "met_at",
        "rule_id",
    ]
    list_filter = ["state", "owner_kind", "breached_at", "met_at"]
    search_fields = ["subject_key", "what", "rule_id", "owner_key"]
    date_hierarchy = "due_at"
    ordering = ["-due_at", "-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Obligation]:
        """Leave out what is owed about something that the reader may not know of."""
        rows: QuerySet[Obligation] = super().get_queryset(request)
        return seen_only(rows, actor_of(request), now_of(request))


@admin.register(Excuse)
class ExcuseAdmin(LookAdmin):
    """Who has done their part of what several owe."""

    list_display = ["obligation", "who", "at"]
    search_fields = ["person", "obligation__subject_key"]
    list_filter = ["at"]
    list_select_related = ["obligation"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Excuse]:
        """Leave out what is owed about something that the reader may not know of."""
        rows: QuerySet[Excuse] = super().get_queryset(request)
        kind, key = "obligation__subject_kind", "obligation__subject_key"
        return seen_only(rows, actor_of(request), now_of(request), kind=kind, key=key)

    @admin.display(description="person", ordering="person")
    def who(self, excuse: Excuse) -> str:
        return name_of(excuse, ("user", excuse.person))

    def actors_of(self, excuse: Excuse) -> list[tuple[str, str]]:
        """Whose names the list has to know."""
        return [("user", excuse.person)]

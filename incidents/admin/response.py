"""The back office of incidents: looked at here; they are worked on on their pages.

Whoever may not see a restricted incident does not find it here either.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from incidents.models import (
    Incident,
    IncidentEntry,
    IncidentLink,
    IncidentRole,
    IncidentService,
    IncidentTask,
    IncidentWatch,
)
from incidents.selectors.response import visible
from opsportal.web.admin import BackOffice, GlanceAdmin, LookAdmin
from opsportal.web.admin_lists import name_of
from opsportal.web.requests import actor_of, now_of


class SeenRows(BackOffice):
    """Rows of incidents that the reader may see; `incident` is the way to it. Some rows have none."""

    incident = "incident"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        seen = visible(actor_of(request), now_of(request))
        return rows.filter(Q(**{f"{self.incident}__in": seen}) | Q(**{f"{self.incident}__isnull": True}))


class SeenAdmin(SeenRows, LookAdmin):
    """Rows of incidents that the reader may see, with their histories."""

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the history; the library would find it by the history alone."""
        self._require(request, object_id)
        response: HttpResponse = super().history_view(request, object_id, *args, **kwargs)
        return response

    def history_form_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        self._require(request, object_id)
        return super().history_form_view(request, object_id, *args, **kwargs)

    def _require(self, request: HttpRequest, object_id: str) -> None:
        if not object_id.isdecimal() or not self.get_queryset(request).filter(pk=object_id).exists():
            raise Http404


@admin.register(Incident)
class IncidentAdmin(SeenAdmin):
    """Incidents."""

    incident = "pk"
    list_display = [
        "key",
        "title",
        "severity",
        "state",
        "visibility",
        "detected_by",
        "declared_at",
        "resolved_at",
    ]
    list_filter = ["severity", "state", "visibility", "detected_by", "security", "declared_at"]
    search_fields = ["title", "source_key", "group_key"]
    date_hierarchy = "declared_at"
    ordering = ["-declared_at", "-id"]


@admin.register(IncidentEntry)
class IncidentEntryAdmin(GlanceAdmin):
    """Lines of timelines. They are written once."""

    list_display = ["at", "incident", "kind", "who", "text"]
    list_filter = ["at"]
    search_fields = ["kind", "incident__title"]
    list_select_related = ["incident"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncidentEntry]:
        rows: QuerySet[IncidentEntry] = super().get_queryset(request)
        return rows.filter(incident__in=visible(actor_of(request), now_of(request)))

    @admin.display(description="who")
    def who(self, entry: IncidentEntry) -> str:
        return name_of(entry, (entry.actor_kind, entry.actor_id))

    def actors_of(self, entry: IncidentEntry) -> list[tuple[str, str]]:
        """Whose names the list has to know."""
        return [(entry.actor_kind, entry.actor_id)]


@admin.register(IncidentService)
class IncidentServiceAdmin(SeenAdmin):
    """What incidents touch."""

    list_display = ["incident", "service", "effect"]
    list_filter = ["effect"]
    search_fields = ["service__slug", "incident__title"]


@admin.register(IncidentRole)
class IncidentRoleAdmin(SeenAdmin):
    """Who had which role."""

    list_display = ["incident", "role", "person", "schedule", "since", "until"]
    list_filter = ["role", "since"]
    search_fields = ["person__full_name", "incident__title"]


@admin.register(IncidentTask)
class IncidentTaskAdmin(SeenAdmin):
    """Tasks."""

    list_display = ["title", "incident", "state", "owner", "due_at", "ended_at"]
    list_filter = ["state", "due_at"]
    search_fields = ["title", "incident__title"]


@admin.register(IncidentLink)
class IncidentLinkAdmin(SeenAdmin):
    """Links."""

    list_display = ["incident", "kind", "target", "is_cause", "added_at"]
    list_filter = ["kind", "is_cause"]
    search_fields = ["target", "incident__title"]


@admin.register(IncidentWatch)
class IncidentWatchAdmin(SeenAdmin):
    """Who is told of which."""

    list_display = ["incident", "person", "state", "since"]
    list_filter = ["state"]
    search_fields = ["person__full_name", "incident__title"]

"""What the lists of audits share: who sees which rows, and the filters that an auditor uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from compliance.selectors.audits.seen import audits_seen, in_team
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.obligations.terms import joined
from opsportal.web.admin import BackOffice
from opsportal.web.requests import actor_of, is_guest, now_of

_WEEK = timedelta(days=7)


class AuditRows(BackOffice):
    """A list of something of audits: everybody sees the rows that the selectors give them.

    `seen` returns them. Guests see the same way, where `for_guests` says so.
    """

    seen: ClassVar[Any]
    for_guests = True

    def opened_to_guest(self, request: HttpRequest) -> QuerySet[Any] | None:
        return self.visible(request) if self.for_guests else None

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that whoever asks may see."""
        rows: QuerySet[Any] = type(self).seen(actor_of(request))
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(pk__in=self.visible(request).order_by().values("pk"))

    def may_act(self, request: HttpRequest) -> bool:
        """Return whether a step on rows could be taken by who asks: those who work on some audit."""
        return audits_seen(actor_of(request)).filter(in_team(actor_of(request))).exists()

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the actions for auditors too: their services ask who may."""
        found = admin.ModelAdmin.get_actions(self, request) if self.may_act(request) else {}
        return {name: action for name, action in found.items() if name != "delete_selected"}


def is_administrator(request: HttpRequest) -> bool:
    """Return whether an administrator asks, who stands in for the lead of any audit."""
    return actor_of(request).is_staff


def of_audits(way: str, model: Any) -> Callable[[Actor], QuerySet[Any]]:
    """Return the selector of the rows of `model` whose audit, reached by `way`, may be seen."""
    return lambda actor: model.objects.filter(**{f"{way}__in": audits_seen(actor)})


class Overdue(admin.SimpleListFilter):
    """Whether something that is still to be done is late. The class says in which states it is."""

    title = "overdue"
    parameter_name = "overdue"
    states: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Overdue"), ("soon", "Due in 7 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = now_of(request)
        owed = queryset.filter(state__in=self.states)
        if self.value() == "yes":
            return owed.filter(due_at__lt=now)
        if self.value() == "soon":
            return owed.filter(due_at__gte=now, due_at__lt=now + _WEEK)
        return queryset


def overdue_in(*states: str) -> type[Overdue]:
    """Return the filter for rows that are to be done in these states."""
    return type("OverdueOf", (Overdue,), {"states": states})


def service_filter(field: str, *, listed: bool) -> type[admin.SimpleListFilter]:
    """Return the filter by service; `listed` where the column holds several between bars."""

    class ByService(admin.SimpleListFilter):
        title = "service"
        parameter_name = "service"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            if is_guest(request):
                return []  # what services there are is the house's
            rows = Service.objects.exclude(state="retired").order_by("name").values_list("slug", "name")
            return list(rows[:200])

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            if not self.value():
                return queryset
            if listed:
                return queryset.filter(**{f"{field}__contains": joined([str(self.value())])})
            return queryset.filter(**{field: self.value()})

    return ByService


def words_filter(way: str, named: str, words: Callable[[], Iterable[str]]) -> type[admin.SimpleListFilter]:
    """Return a filter by the words that are in use, read from a small table."""

    class InUse(admin.SimpleListFilter):
        title = named
        parameter_name = named.replace(" ", "_")

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [] if is_guest(request) else [(word, word) for word in words() if word]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{way: self.value()}) if self.value() else queryset

    return InUse


def mine_filter(way: str) -> type[admin.SimpleListFilter]:
    """Return the filter for what is the reader's own; `way` leads to a person's id."""

    class Mine(admin.SimpleListFilter):
        title = "whose"
        parameter_name = "whose"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [("mine", "Mine")]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{way: actor_of(request).id}) if self.value() == "mine" else queryset

    return Mine

"""Lists of the back office: names of people by one query, pages of big tables without counting them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from opsportal.core.registry import person_names

Pair = tuple[str, str]
COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to 10,000 rows, for a table of millions is not counted for each page of 50."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[:COUNTED].count()

    @property
    def is_capped(self) -> bool:
        """Whether there may be more than can be paged to."""
        return self.count >= COUNTED


class NamedChangeList(ChangeList):
    """A list that knows the names of the people it shows, asked for once for all rows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        remember_names(self.model_admin, self.result_list)


def remember_names(model_admin: Any, rows: Iterable[Any]) -> None:
    """Load the names of those whom `model_admin.actors_of` finds in `rows`, for `name_of`.

    `model_admin.look_up(rows)` loads what else it shows of them, by few queries for all.
    """
    look_up: Callable[[list[Any]], None] | None = getattr(model_admin, "look_up", None)
    if look_up is not None:
        look_up(list(rows))
    actors_of: Callable[[Any], Iterable[Pair]] | None = getattr(model_admin, "actors_of", None)
    if actors_of is None:
        return
    shown = list(rows)
    names: dict[Pair, str] = {}
    wanted = {pair for row in shown for pair in actors_of(row) if pair[1]}
    if wanted:
        for source in person_names.values():
            names.update(source(wanted))
    for row in shown:
        row.names_of_actors = names


def name_of(row: Any, pair: Pair) -> str:
    """Return the name to show for (kind, id) in a row of a list; the id where there is none."""
    names: dict[Pair, str] | None = getattr(row, "names_of_actors", None)
    if names is None:
        names = person_names["people"]([pair]) if pair[1] else {}
    return names.get(pair) or pair[1] or pair[0]


def word_filter(
    field: str, words: Callable[[], Iterable[tuple[str, str]]], named: str = ""
) -> type[admin.SimpleListFilter]:
    """Return a filter by the words that `field` may hold, known to the program.

    Django's own reads all distinct values from the table each time, which on millions of rows is the
    slowest query of the page.
    """

    class WordFilter(admin.SimpleListFilter):
        title = named or field.replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(words())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return WordFilter

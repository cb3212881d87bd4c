"""The list of changes: what its filters and orders mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from changes.models import Change
from changes.selectors import ChangeFilter, change_list
from changes.selectors.filters import ListFilter, list_filter
from changes.web.places import Place, places_of
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Row:
    """One change of the list, and where it happens."""

    change: Change
    places: list[Place]


def filters_of(request: HttpRequest) -> ListFilter:
    """Return the filters that the query string asks for. Raises `InvalidInput` for values unknown here."""
    return list_filter(request.GET.dict())


def changes_listed(filters: ListFilter, actor: Actor, now: datetime) -> QuerySet[Change]:
    """Return the changes that the filters leave, with what their rows show."""
    changes = change_list(
        ChangeFilter(
            states=filters.states,
            type=filters.type,
            service=filters.service,
            text=filters.text,
        )
    )
    if filters.mine:
        changes = changes.filter(Q(requester_id=actor.id) | Q(implementer_id=actor.id))
    if filters.order == "window":
        changes = changes.filter(window_end__gte=now)
    return changes


def rows_of(changes: Iterable[Change]) -> list[Row]:
    """Return the rows to show for changes from `changes_listed`."""
    return [Row(change, places_of(change.targets.all())) for change in changes]

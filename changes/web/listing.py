"""The list of changes: what its filters and orders mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from changes.models import Change
from changes.selectors import ChangeFilter, change_list
from changes.states import CHANGE
from changes.web.places import Place, places_of
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text

OVER = ("closed", "cancelled", "rejected")
_STATES = {"over": OVER, "open": tuple(state for state in CHANGE.states if state not in OVER)}
STATE_GROUPS = {"open": "Open (all but over)", "over": "Over"}
ORDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "recent": ("Last changed first", ("-updated_at", "-id")),
    "new": ("Newest first", ("-id",)),
    "waiting": ("Longest untouched first", ("updated_at", "id")),
    "window": ("Next window first", ("window_start", "id")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One change of the list, and where it happens."""

    change: Change
    places: list[Place]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader chose; empty where nothing."""

    state: str = ""
    type: str = ""
    service: str = ""
    text: str = ""
    mine: bool = False
    order: str = "recent"

    @property
    def is_any(self) -> bool:
        return bool(self.state or self.type or self.service or self.text or self.mine)


def filters_of(request: HttpRequest) -> Filters:
    """Return the filters that the query string asks for. Raises `InvalidInput` for values unknown here."""
    query = request.GET
    return Filters(
        state=known("state", query.get("state", ""), {*CHANGE.states, *STATE_GROUPS}),
        type=known("type", query.get("type", ""), set(Change.Type.values)),
        service=clean_text(query.get("service", ""), field="service", max_length=60, lines=False),
        text=clean_text(query.get("q", ""), field="q", max_length=200, lines=False),
        mine=query.get("mine", "") == "1",
        order=known("order", query.get("order", ""), set(ORDERS)) or "recent",
    )


def changes_listed(filters: Filters, actor: Actor, now: datetime) -> QuerySet[Change]:
    """Return the changes that the filters leave, with what their rows show."""
    changes = change_list(
        ChangeFilter(
            states=_STATES.get(filters.state, (filters.state,)) if filters.state else (),
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


def known(name: str, value: str, values: set[str]) -> str:
    """Return `value` where it is empty or one of `values`. Raises `InvalidInput`."""
    if value and value not in values:
        raise InvalidInput.of(name, "unknown", f"{name} must be one of: {', '.join(sorted(values))}.")
    return value

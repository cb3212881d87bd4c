"""What the list of changes may be filtered by: one allow-list for its form, its links and saved filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from changes.models import Change, SavedFilter
from changes.states import CHANGE
from opsportal.accounts.selectors import teams_of
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text

OVER = ("closed", "cancelled", "rejected")
STATE_GROUPS = {"open": "Open (all but over)", "over": "Over"}
ORDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "recent": ("Last step", ("-updated_at", "-id")),
    "new": ("Newest", ("-id",)),
    "waiting": ("Longest untouched", ("updated_at", "id")),
    "window": ("Next window", ("window_start", "id")),
}
_STATES = {"over": OVER, "open": tuple(state for state in CHANGE.states if state not in OVER)}


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What the reader chose; empty where nothing. `mine` is about whoever looks."""

    state: str = ""
    type: str = ""
    service: str = ""
    text: str = ""
    mine: bool = False
    order: str = "recent"

    @property
    def is_any(self) -> bool:
        return bool(self.state or self.type or self.service or self.text or self.mine)

    @property
    def states(self) -> tuple[str, ...]:
        return _STATES.get(self.state, (self.state,)) if self.state else ()

    @property
    def query(self) -> str:
        """The query string that asks for this: the same text for the same choice."""
        values = {
            "q": self.text,
            "state": self.state,
            "type": self.type,
            "service": self.service,
            "mine": "1" if self.mine else "",
            "order": self.order if self.order != "recent" else "",
        }
        return urlencode({name: value for name, value in values.items() if value})


def list_filter(query: Mapping[str, str]) -> ListFilter:
    """Return what a query asks for, without other names. Raises `InvalidInput` for values unknown here."""
    return ListFilter(
        state=known("state", query.get("state", ""), {*CHANGE.states, *STATE_GROUPS}),
        type=known("type", query.get("type", ""), set(Change.Type.values)),
        service=clean_text(query.get("service", ""), field="service", max_length=60, lines=False),
        text=clean_text(query.get("q", ""), field="q", max_length=200, lines=False),
        mine=query.get("mine", "") == "1",
        order=known("order", query.get("order", ""), set(ORDERS)) or "recent",
    )


def known(name: str, value: str, values: Collection[str]) -> str:
    """Return `value` where it is empty or one of `values`. Raises `InvalidInput`."""
    if value and value not in values:
        raise InvalidInput.of(name, "unknown", f"{name} must be one of: {', '.join(sorted(values))}.")
    return value


def filters_for(actor: Actor, on: date) -> QuerySet[SavedFilter]:
    """Return the saved filters of a person, and those shared with their teams of that day, by name."""
    if not actor.is_user:
        return SavedFilter.objects.none()
    shared = Q(team__slug__in=teams_of(actor.id, on))
    return (
        SavedFilter.objects.filter(Q(owner_id=actor.id) | shared)
        .select_related("team")
        .order_by("name", "id")
    )

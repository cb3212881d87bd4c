"""Lists of changes, and finding one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from changes.models import Change, ChangeTarget
from changes.models.changes import PREFIX
from changes.selectors.searching import matching
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

BIGGEST = 2**63 - 1

ORDERINGS: dict[str, tuple[str, str]] = {
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "-id"),
    "window_start": ("window_start", "id"),
    "-window_start": ("-window_start", "-id"),
    "key": ("id", "id"),
    "-key": ("-id", "-id"),
}
"""The words of `?ordering=` and their columns, the last one unique; each has an index."""


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """What to leave in a list of changes; empty is everything."""

    states: tuple[str, ...] = ()
    type: str = ""
    service: str = ""
    environment: str = ""
    requester: UUID | None = None
    text: str = ""
    with_window: bool = False


def changes_loaded() -> QuerySet[Change]:
    """Return all changes with their people, template and targets; two queries when read."""
    targets = ChangeTarget.objects.select_related("service__owner_team", "environment").order_by(
        "environment__rank", "environment__slug", "service__slug"
    )
    return Change.objects.select_related(
        "requester", "implementer", "started_by", "held_by", "template"
    ).prefetch_related(Prefetch("targets", queryset=targets))


def change_list(wanted: ChangeFilter) -> QuerySet[Change]:
    """Return the changes that `wanted` leaves, loaded, in no order."""
    changes = changes_loaded()
    if wanted.states:
        changes = changes.filter(state__in=wanted.states)
    if wanted.type:
        changes = changes.filter(type=wanted.type)
    if wanted.requester is not None:
        changes = changes.filter(requester_id=wanted.requester)
    if wanted.with_window:
        changes = changes.filter(window_start__isnull=False)
    if wanted.service or wanted.environment:
        changes = changes.filter(Exists(_places(wanted)))
    if wanted.text:
        changes = changes.filter(matching(wanted.text))
    return changes


def change_by_key(key: str) -> Change:
    """Return the change `CHG-1042`, loaded. Raises `NotFound`."""
    number = number_of(key, PREFIX)
    change = changes_loaded().filter(pk=number).first() if number and number <= BIGGEST else None
    if change is None:
        raise NotFound("There is no such change.")
    return change


def _places(wanted: ChangeFilter) -> QuerySet[ChangeTarget]:
    places = ChangeTarget.objects.filter(change=OuterRef("pk"))
    if wanted.service:
        places = places.filter(service__slug=wanted.service)
    return places.filter(environment__slug=wanted.environment) if wanted.environment else places

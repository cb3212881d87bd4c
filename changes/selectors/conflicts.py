"""Changes that get in each other's way: at the same time, in one place or where one leans on the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Q

from changes.models import Change, ChangeTarget
from opsportal.catalog.models import Dependency

STATES = ("in_review", "approved", "scheduled", "implementing")
"""The changes that may still happen or are happening."""
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another change that overlaps, why, and the services (slugs) of that one over which it does."""

    change: Change
    kind: Literal["same_service", "dependency"]
    services: tuple[str, ...]


def conflicts_of(change: Change) -> list[Conflict]:
    """Return what gets in the way of a change whose targets are prefetched, by window. Two queries."""
    return conflicts_of_all([change])[change.pk]


def conflicts_of_all(changes: Collection[Change]) -> dict[int, list[Conflict]]:
    """Return the conflicts of each change (targets prefetched) by its primary key. Two queries for all.

    Without a window a change has none: nobody knows when it happens.
    """
    found: dict[int, list[Conflict]] = {change.pk: [] for change in changes}
    timed = {change.pk: window for change in changes if (window := _window(change)) is not None}
    own = [target for change in changes if change.pk in timed for target in change.targets.all()]
    if not own:
        return found
    near = _neighbours({target.service_id for target in own})
    others = _others(own, near, timed.values())
    for change in changes:
        if change.pk in timed:
            found[change.pk] = _conflicts(change, timed[change.pk], near, others)
    return found


Window = tuple[datetime, datetime]


def _window(change: Change) -> Window | None:
    if change.window_start is None or change.window_end is None:
        return None
    return change.window_start, change.window_end


def _neighbours(services: Collection[int]) -> Mapping[int, set[int]]:
    """Return for each service those that it leans on and those that lean on it."""
    near: dict[int, set[int]] = defaultdict(set)
    rows = Dependency.objects.filter(Q(service_id__in=services) | Q(depends_on_id__in=services))
    for service, depends_on in rows.values_list("service_id", "depends_on_id"):
        near[service].add(depends_on)
        near[depends_on].add(service)
    return near


def _others(
    own: Collection[ChangeTarget], near: Mapping[int, set[int]], windows: Collection[Window]
) -> list[ChangeTarget]:
    services = {target.service_id for target in own}
    services |= {other for service in services for other in near.get(service, ())}
    rows = ChangeTarget.objects.filter(
        service_id__in=services,
        environment_id__in={target.environment_id for target in own},
        change__state__in=STATES,
        change__window_start__lt=max(end for _, end in windows),
        change__window_end__gt=min(start for start, _ in windows),
    )
    return list(
        rows.select_related("change", "service").order_by("change__window_start", "change_id", "id")[:MOST]
    )


def _conflicts(
    change: Change, window: Window, near: Mapping[int, set[int]], others: Collection[ChangeTarget]
) -> list[Conflict]:
    start, end = window
    same: dict[int, set[str]] = defaultdict(set)
    leaning: dict[int, set[str]] = defaultdict(set)
    rows: dict[int, Change] = {}
    for other in others:
        theirs = _window(other.change)
        if other.change_id == change.pk or theirs is None or not (theirs[0] < end and start < theirs[1]):
            continue
        for target in change.targets.all():
            if target.environment_id != other.environment_id:
                continue
            if target.service_id == other.service_id:
                same[other.change_id].add(other.service.slug)
            elif other.service_id in near.get(target.service_id, ()):
                leaning[other.change_id].add(other.service.slug)
            else:
                continue
            rows[other.change_id] = other.change
    return [
        Conflict(row, "same_service", tuple(sorted(same[pk])))
        if pk in same
        else Conflict(row, "dependency", tuple(sorted(leaning[pk])))
        for pk, row in rows.items()
    ]

"""Reads of break-glass requests."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from changes.models import BreakGlass
from changes.models.break_glass import PREFIX
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

GLASS_ORDERINGS: dict[str, tuple[str, str]] = {
    "asked_at": ("asked_at", "id"),
    "-asked_at": ("-asked_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
"""The words of `?ordering=` and their columns, the last one unique; each has an index."""


def glasses_loaded() -> QuerySet[BreakGlass]:
    """Return all requests with their environment, people and services."""
    return BreakGlass.objects.select_related(
        "environment", "asked_by", "confirmed_by", "over_by"
    ).prefetch_related("named__service__owner_team")


def glass_by_key(key: str) -> BreakGlass:
    """Return the request `BG-3`, loaded. Raises `NotFound`."""
    number = number_of(key, PREFIX)
    glass = glasses_loaded().filter(pk=number).first() if number and number < 2**63 else None
    if glass is None:
        raise NotFound("There is no such break-glass request.")
    return glass


def glasses_in_force(at: datetime) -> QuerySet[BreakGlass]:
    """Return what lets deployments pass at `at` (aware UTC), what ends first at the top."""
    return glasses_loaded().filter(state="in_force", ends_at__gt=at).order_by("ends_at", "id")

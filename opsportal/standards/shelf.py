"""The standards that people can read: the stored ones, and those shipped with the portal that are not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Literal

from opsportal.core.errors import NotFound
from opsportal.standards.models import Activation, StandardVersion
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard_or_none, base_of, standard_named
from opsportal.standards.shipped import shipped_names, shipped_standard
from opsportal.standards.vocabulary import declared

Standing = Literal["in_force", "former", "proposed", "shipped"]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A standard that is shipped with the portal, and how it stands here."""

    name: str
    standard: Standard
    standing: Standing


def standing_of(content_hash: str) -> Standing:
    """Return how the standard of this hash stands, as in `standings_of`."""
    return standings_of([content_hash])[content_hash]


def standings_of(hashes: Collection[str]) -> dict[str, Standing]:
    """Return how the standards of these hashes stand, in three queries.

    `in_force`, `former` (it was), `proposed` (stored, never in force) or `shipped` (not stored here).
    """
    active = Activation.objects.order_by("-id").values_list("standard__content_hash", flat=True).first()
    activated = Activation.objects.filter(standard__content_hash__in=hashes)
    former = set(activated.values_list("standard__content_hash", flat=True).distinct())
    kept = StandardVersion.objects.filter(content_hash__in=hashes)
    stored = set(kept.values_list("content_hash", flat=True))
    return {one: _standing(one, active, former, stored) for one in hashes}


def shipped_shelf() -> list[Shipped]:
    """Return the standards that are shipped with the portal, by name."""
    standards = _shipped()
    standings = standings_of([one.content_hash for one in standards.values()])
    return [Shipped(name, one, standings[one.content_hash]) for name, one in standards.items()]


def standard_readable(reference: str) -> Standard:
    """Return the standard of this content hash or name: a stored one, else one that is shipped.

    Of a name, the one in force, else the newest stored. Raises `NotFound`, and `Unavailable` where the
    content of a stored one cannot be read.
    """
    try:
        return standard_named(reference)
    except NotFound:
        for name, standard in _shipped().items():
            if reference in (name, standard.content_hash):
                return standard
        raise


def other_by_default(own: Standard) -> Standard | None:
    """Return what `own` is compared with unless somebody says otherwise.

    The standard that it extends, else the one in force; None where that is `own` itself, or where there
    is none.
    """
    other = base_of(own) or active_standard_or_none()
    return other if other != own else None


@cache
def _shipped() -> dict[str, Standard]:
    # They are files of this release, which do not change while it runs.
    return {name: shipped_standard(name, declared()) for name in shipped_names()}


def _standing(one: str, active: str | None, former: Collection[str], stored: Collection[str]) -> Standing:
    if one == active:
        return "in_force"
    if one in former:
        return "former"
    return "proposed" if one in stored else "shipped"

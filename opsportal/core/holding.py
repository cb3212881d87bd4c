"""What a legal hold over all records keeps from the ticks that delete."""

from __future__ import annotations

from django.db.models import Q

from opsportal.core.ports import spans_held


def made_under_hold(made: str) -> Q:
    """Return the condition that a row was made in a time that is held now; `made` names its column for that.

    It is so of no row where nothing is held.
    """
    held = Q(pk__in=[])
    for begins, ends in spans_held():
        one = Q(**{f"{made}__isnull": False})
        one &= Q(**{f"{made}__gte": begins}) if begins else Q()
        one &= Q(**{f"{made}__lt": ends}) if ends else Q()
        held |= one
    return held

"""Reads of the register of decisions."""

from __future__ import annotations

from django.db.models import QuerySet

from compliance.models import BoardDecision
from opsportal.core.errors import NotFound

DECISION_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-decided_on": ("-decided_on", "-id"),
    "decided_on": ("decided_on", "id"),
}


def decisions_loaded() -> QuerySet[BoardDecision]:
    """Return decisions with their words and those that they replace or that replace them."""
    return BoardDecision.objects.select_related("supersedes", "superseded_by").prefetch_related("texts")


def decision_seen(pk: int) -> BoardDecision:
    """Return one decision. Raises `NotFound`."""
    found = decisions_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such decision.")
    return found

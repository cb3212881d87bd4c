"""Reads of the improvement plan."""

from __future__ import annotations

from django.db.models import QuerySet

from compliance.models import ImprovementItem, MaturityAssessment
from opsportal.core.errors import NotFound

IMPROVEMENT_ORDERINGS: dict[str, tuple[str, ...]] = {
    "due_at": ("due_at", "id"),
    "-due_at": ("-due_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}


def improvements_loaded() -> QuerySet[ImprovementItem]:
    """Return improvements with their phase and owner."""
    return ImprovementItem.objects.select_related("phase", "owner")


def improvement_seen(pk: int) -> ImprovementItem:
    """Return one improvement. Raises `NotFound`."""
    found = improvements_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such improvement.")
    return found


def maturity_now() -> MaturityAssessment | None:
    """Return the latest assessment, None where there is none."""
    return MaturityAssessment.objects.order_by("-assessed_at", "-id").first()

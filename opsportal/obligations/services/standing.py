"""What is still owed about one subject, under lock."""

from __future__ import annotations

from opsportal.core.statements import Objects
from opsportal.obligations.models import Obligation

_OWED = Objects(
    lambda marks: (
        Obligation.objects.select_for_update()
        .filter(subject_kind=marks.text("kind"), subject_key=marks.text("key"), ended_at__isnull=True)
        .order_by("id")
    )
)


def owed_locked(subject_kind: str, subject_key: str) -> list[Obligation]:
    """Lock what is still owed about a subject and return it, the oldest first.

    Whoever changes one of them and then looks at the others locks all of them first, by this: two that lock
    them in different orders would wait for each other for good.
    """
    return _OWED.all(kind=subject_kind, key=subject_key)

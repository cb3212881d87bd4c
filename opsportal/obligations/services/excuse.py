"""Taking one person out of what several owe together."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.obligations.models import Excuse, Obligation


def obligation_excuse(
    *,
    actor: Actor,
    now: datetime,
    subject_kind: str,
    subject_key: str,
    person: object,
    rule_ids: Collection[str] | None = None,
    occurrence: str | None = None,
) -> int:
    """Note that `person` (a user's id) has done their part; they are neither reminded nor told of a breach.

    Counts for all that roles still owe about the subject, or for these rules and this occurrence only.
    Returns how many obligations it newly counts for; repeating it changes nothing.
    """
    with write(actor=actor, now=now):
        rows = Obligation.objects.select_for_update().filter(
            subject_kind=subject_kind,
            subject_key=subject_key,
            owner_kind=Obligation.OwnerKind.ROLE,
            ended_at__isnull=True,
        )
        if rule_ids is not None:
            rows = rows.filter(rule_id__in=rule_ids)
        if occurrence is not None:
            rows = rows.filter(occurrence=occurrence)
        # The rows are locked, so nobody adds the same excuse between the look and the insert.
        found = [
            Excuse.objects.get_or_create(obligation=row, person=str(person), defaults={"at": now})
            for row in rows.order_by("id")
        ]
        return sum(created for _, created in found)

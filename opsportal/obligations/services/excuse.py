"""Taking one person out of what several owe together."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from opsportal.core.actor import Actor
from opsportal.core.statements import Statement
from opsportal.core.writes import write
from opsportal.obligations.models import Excuse, Obligation
from opsportal.obligations.services.standing import owed_locked

_EXCUSED = Statement(
    lambda marks: Excuse.objects.filter(
        obligation=marks.number("obligation"), person=marks.text("person")
    ).values_list("pk")
)


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
        # The rows are locked, so nobody adds the same excuse between the look and the insert.
        newly = [
            row
            for row in owed_locked(subject_kind, subject_key)
            if row.owner_kind == Obligation.OwnerKind.ROLE
            and (rule_ids is None or row.rule_id in rule_ids)
            and (occurrence is None or row.occurrence == occurrence)
            and not any(_EXCUSED.rows(obligation=row.pk, person=str(person)))
        ]
        for row in newly:
            Excuse.objects.create(obligation=row, person=str(person), at=now)
        return len(newly)


def excuse_from(row: Obligation, people: Iterable[str], *, now: datetime) -> None:
    """Let people (ids) be reminded of none of what a role owes since just now, inside the write under way.

    For who holds the role and may not do it.
    """
    for person in people:
        Excuse.objects.create(obligation=row, person=person, at=now)

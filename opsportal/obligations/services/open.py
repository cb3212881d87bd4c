"""Opening an obligation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.statements import Objects
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.plan import as_data, plan
from opsportal.obligations.terms import Owner, Subject, joined, scope_text
from opsportal.standards.standing import Climb

_SAME = Objects(
    lambda marks: Obligation.objects.filter(
        subject_kind=marks.text("kind"),
        subject_key=marks.text("key"),
        rule_id=marks.text("rule"),
        occurrence=marks.text("occurrence"),
    )
)


def obligation_open(
    *,
    actor: Actor,
    now: datetime,
    rule: str,
    standard_hash: str,
    subject: Subject,
    occurrence: str,
    what: str,
    owner: Owner,
    due_at: datetime,
    remind: Sequence[timedelta] = (),
    climb: Sequence[Climb] = (),
    met_by: Sequence[str] = (),
    void_by: Sequence[str] = (),
    blocks: Sequence[str] = (),
    source: Mapping[str, Any] | None = None,
) -> Obligation:
    """Open what `owner` owes about `subject` by `due_at` (aware UTC) and return it.

    What is open or over already for the same subject, rule and `occurrence` (which round of it:
    `r2`, `r2:cab`) is returned as it stands. Roles count everywhere and for the services and teams of
    owner and subject. Raises `ValueError` for a negative reminder or climb.
    """
    with write(actor=actor, now=now):
        same = {"kind": subject.kind, "key": subject.key, "rule": rule, "occurrence": occurrence}
        standing = _SAME.first(**same)
        if standing is not None:
            return standing
        steps = plan(opened_at=now, due_at=due_at, remind=remind, climb=climb)
        row = Obligation(
            subject_kind=subject.kind,
            subject_key=subject.key,
            subject_title=subject.title[:200],
            rule_id=rule,
            standard_hash=standard_hash,
            source=dict(source or {}),
            occurrence=occurrence,
            what=what,
            owner_kind=owner.kind,
            owner_key=owner.keys[0] if owner.kind == "user" else joined(owner.keys),
            scope=scope_text({*owner.services, *subject.services}, {*owner.teams, *subject.teams}),
            steps=as_data(steps),
            met_by=list(met_by),
            void_by=list(void_by),
            blocks=list(blocks),
            opened_at=now,
            due_at=due_at,
            next_at=steps[0].at,
            updated_at=now,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:  # somebody opened the same between our look and our insert
            return _SAME.all(**same)[0]
        audit_record(
            actor=actor,
            now=now,
            action="obligation.opened",
            object_kind=subject.kind,
            object_key=subject.key,
            data={"obligation": row.pk, "rule": rule, "occurrence": occurrence, "due_at": due_at.isoformat()},
        )
        return row

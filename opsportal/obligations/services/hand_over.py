"""What is owed follows the people: to whoever a word of the standard means by now, under its present name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.storing import update
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.services.standing import owed_locked
from opsportal.obligations.terms import Owner, Subject, joined
from opsportal.standards.rules import Owe, Standard


def obligations_hand_over(
    *, actor: Actor, now: datetime, standard: Standard, subject: Subject, people: Mapping[str, Owner]
) -> list[Obligation]:
    """Give what is still owed about `subject` to whom the words of `standard` mean now; return what moved.

    Rules that name a role stay with it, and so do words that `people` does not have. The title of the
    subject is brought up to date as well. What is the same already is left alone.
    """
    with write(actor=actor, now=now):
        moved: list[Obligation] = []
        for row in owed_locked(subject.kind, subject.key):
            rule = standard.rule(row.rule_id)
            word = rule.demand.owner if rule is not None and isinstance(rule.demand, Owe) else ""
            owner = people.get(word, row.owner)
            title = subject.title[:200]
            if _key(owner) == (row.owner_kind, row.owner_key) and title == row.subject_title:
                continue
            if _key(owner) != (row.owner_kind, row.owner_key):
                moved.append(row)
                _record(row, owner, actor=actor, now=now)
            row.owner_kind, row.owner_key = _key(owner)
            row.subject_title = title
            row.updated_at = now
            row.version += 1
            update(row)
        return moved


def _key(owner: Owner) -> tuple[str, str]:
    return owner.kind, owner.keys[0] if owner.kind == "user" else joined(owner.keys)


def _record(row: Obligation, owner: Owner, *, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        now=now,
        action="obligation.handed_over",
        object_kind=row.subject_kind,
        object_key=row.subject_key,
        data={"obligation": row.pk, "rule": row.rule_id, "to_kind": owner.kind, "to": list(owner.keys)},
    )

"""What a standard says about obligations when something happens: what it ends, what it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from opsportal.core.actor import Actor
from opsportal.core.statements import Statement
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.services.end import end_row
from opsportal.obligations.services.open import obligation_open
from opsportal.obligations.services.standing import owed_locked
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.engine import owed
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Facts

OTHERWISE = "otherwise"
_OPENED = Statement(
    lambda marks: Obligation.objects.filter(
        subject_kind=marks.text("kind"), subject_key=marks.text("key"), occurrence=marks.text("occurrence")
    ).values_list("rule_id")
)


def obligations_follow(
    *,
    actor: Actor,
    now: datetime,
    standard: Standard,
    event: str,
    facts: Facts,
    subject: Subject,
    people: Mapping[str, Owner],
    occurrence: str,
    began: datetime | None = None,
) -> list[Obligation]:
    """Do what `standard` says about obligations when `event` happens to `subject`; return what is newly owed.

    First ends what is still owed about the subject and names the event in its own `met_by` or `void_by`,
    as copied when it was opened, whatever its occurrence; but an event of one stage (`r2:cab`) leaves alone
    what is owed for another one (`r2:security`). Then opens what the event makes somebody owe under
    `facts`, once for each `occurrence`: the round of it, e.g. `r2` or, at events of a stage, `r2:cab`.

    `began` (aware UTC) is when it began, from which the time runs of what the standard counts like that.
    `people` says who the words of the standard mean here: `requester`, `implementer`, `stage`, and
    `otherwise` for a word with nobody behind it. A `role:<slug>` needs no entry. Raises `ValueError`
    where a word means nobody and there is no `otherwise`.
    """
    with write(actor=actor, now=now):
        for row in owed_locked(subject.kind, subject.key):
            if _of_another_stage(row.occurrence, occurrence):
                continue
            if event in row.met_by:
                end_row(row, actor=actor, now=now, outcome="met")
            elif event in row.void_by:
                end_row(row, actor=actor, now=now, outcome="void")
        demands = owed(standard, event, facts)
        known = _opened(subject, occurrence) if demands else set()
        return [
            obligation_open(
                actor=actor,
                now=now,
                rule=demand.rule_id,
                standard_hash=standard.content_hash,
                subject=subject,
                occurrence=occurrence,
                what=demand.demand.what,
                owner=_owner(demand.demand.owner, people),
                due_at=(began if began and demand.demand.from_start else now) + demand.demand.within,
                remind=demand.demand.remind,
                climb=demand.demand.climb,
                met_by=demand.demand.met_by,
                void_by=demand.demand.void_by,
                blocks=demand.demand.blocks,
                source=asdict(demand.rule.source),
            )
            for demand in demands
            if demand.rule_id not in known
        ]


def _opened(subject: Subject, occurrence: str) -> set[str]:
    """Return the rules under which this round of the subject was opened already, over or not."""
    rows = _OPENED.rows(kind=subject.kind, key=subject.key, occurrence=occurrence)
    return {rule for (rule,) in rows}


def _of_another_stage(theirs: str, ours: str) -> bool:
    return ":" in theirs and ":" in ours and theirs != ours


def _owner(word: str, people: Mapping[str, Owner]) -> Owner:
    if word in people:
        return people[word]
    kind, _, slug = word.partition(":")
    if kind == "role" and slug:
        return Owner.role(slug)
    if OTHERWISE in people:
        return people[OTHERWISE]
    raise ValueError(f"'{word}' means nobody here; give people['{OTHERWISE}']")

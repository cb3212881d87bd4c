"""What is so of each rule is found anew, and every turn of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from compliance.evaluators import judgements
from compliance.judging import Judgement
from compliance.models import ConformanceState, ConformanceTurn
from compliance.selectors.core import one_at_a_time
from opsportal.core.actor import Actor
from opsportal.core.storing import update_all
from opsportal.core.writes import write
from opsportal.standards.selectors import active_standard_or_none

ACTOR = Actor.system("compliance.conformance")

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """How many rules were looked at, and how many turned."""

    rules: int
    turned: int


def conformance_evaluate(*, clock: Callable[[], datetime]) -> Found:
    """Find what is so of every rule of the standard in force, and store it with what has turned.

    `clock` is the database's (aware UTC). Rules that are no longer in force, and subjects that there are
    no longer, lose their state; their turns stay. Two at once wait for each other. Repeating it changes
    nothing.
    """
    now = clock()
    standard = active_standard_or_none()
    if standard is None:
        return Found(0, 0)
    with write(actor=ACTOR, now=now):
        one_at_a_time()
        judged = judgements(standard, now)
        rows = ConformanceState.objects.select_for_update(no_key=True).order_by("id")
        standing = {(row.rule_id, row.subject_kind, row.subject_key): row for row in rows}
        states, turns, changed = [], [], []
        wanted: set[Place] = set()
        for rule_id, found in judged.items():
            for one in found or [Judgement("no_data", because="There is nothing yet that it is about.")]:
                place = (rule_id, *one.subject)
                if place in wanted:
                    continue
                wanted.add(place)
                row = standing.get(place)
                if row is None:
                    states.append(_state(place, one, standard.content_hash, now))
                elif _differs(row, one, standard.content_hash):
                    changed.append(row)
                if row is None or row.status != one.status:
                    turns.append(_turn(place, one, standard.content_hash, now))
                if row is not None:
                    _follow(row, one, standard.content_hash, now)
        gone = [row for place, row in standing.items() if place not in wanted]
        turns += [_ended(row, standard.content_hash, now) for row in gone]
        ConformanceState.objects.filter(pk__in=[row.pk for row in gone]).delete()
        ConformanceState.objects.bulk_create(states, ignore_conflicts=True, batch_size=500)
        update_all(changed)
        ConformanceTurn.objects.bulk_create(turns, batch_size=500)
        return Found(len(judged), len(turns))


def _state(place: Place, one: Judgement, standard_hash: str, now: datetime) -> ConformanceState:
    row = ConformanceState(rule_id=place[0], subject_kind=place[1], subject_key=place[2], since=now)
    _write(row, one, standard_hash)
    return row


def _write(row: ConformanceState, one: Judgement, standard_hash: str) -> None:
    for name, value in _shown(one, standard_hash).items():
        setattr(row, name, value)


def _follow(row: ConformanceState, one: Judgement, standard_hash: str, now: datetime) -> None:
    if row.status != one.status:
        row.since = now
    _write(row, one, standard_hash)


def _differs(row: ConformanceState, one: Judgement, standard_hash: str) -> bool:
    return any(getattr(row, name) != value for name, value in _shown(one, standard_hash).items())


def _shown(one: Judgement, standard_hash: str) -> dict[str, object]:
    return {
        "status": one.status,
        "subject_title": one.title[:200],
        "value": one.value[:200],
        "target": one.target[:200],
        "because": one.because[:500],
        "deliverer": one.deliverer[:200],
        "records": [list(record) for record in one.records],
        "standard_hash": standard_hash,
    }


def _turn(place: Place, one: Judgement, standard_hash: str, now: datetime) -> ConformanceTurn:
    return ConformanceTurn(
        rule_id=place[0],
        subject_kind=place[1],
        subject_key=place[2],
        standard_hash=standard_hash,
        status=one.status,
        value=one.value[:200],
        because=one.because[:500],
        at=now,
    )


def _ended(row: ConformanceState, standard_hash: str, now: datetime) -> ConformanceTurn:
    return ConformanceTurn(
        rule_id=row.rule_id,
        subject_kind=row.subject_kind,
        subject_key=row.subject_key,
        standard_hash=standard_hash,
        status="",
        because="It is no longer about this.",
        at=now,
    )

"""The tick: remind, breach, climb, each once, however late."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.connections import drop_broken_connection
from opsportal.core.faultpoints import reached
from opsportal.core.storing import update
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.plan import Step, StepKind, Taken, from_data, take
from opsportal.obligations.states import OBLIGATION
from opsportal.outbox.services import outbox_put

ACTOR = Actor.system("obligations.tick")
TOPICS = {
    StepKind.REMIND: "obligations.reminder",
    StepKind.BREACH: "obligations.breached",
    StepKind.CLIMB: "obligations.climbed",
}
_ACTIONS = {
    StepKind.REMIND: "obligation.reminded",
    StepKind.BREACH: "obligation.breached",
    StepKind.CLIMB: "obligation.climbed",
}
_BATCH = 100
_BUDGET_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class AdvanceError(Exception):
    """Some obligations could not be advanced; the others were."""


def obligations_advance(*, clock: Callable[[], datetime]) -> int:
    """Do all that is due, the longest due first, for 15 s at most; return how many obligations advanced.

    `clock` is the database's (aware UTC). Each obligation has a transaction of its own, in which it is
    claimed, advanced and its messages are put: two ticks at once never do the same twice. Raises
    `AdvanceError` at the end where one of them failed, so that the heart does not beat.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    advanced, failed = 0, set[int]()
    while time.monotonic() < stop_at:
        now = clock()
        due = _due(now, failed)
        for pk in due:
            try:
                advanced += _advance(pk, now)
            except Exception:  # noqa: BLE001 - logged; one bad row must not hold up the others
                _log.exception("obligations.advance_failed", obligation=pk)
                drop_broken_connection()
                failed.add(pk)
        if len(due) < _BATCH:
            break
    if failed:
        raise AdvanceError(f"{len(failed)} obligations could not be advanced")
    return advanced


def _due(now: datetime, failed: set[int]) -> list[int]:
    due = Obligation.objects.filter(next_at__lte=now).exclude(pk__in=failed).order_by("next_at", "id")
    return list(due.values_list("pk", flat=True)[:_BATCH])


def _advance(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        # Whoever has the lock is doing it; whoever comes after the commit no longer finds it due.
        row = (
            Obligation.objects.select_for_update(skip_locked=True)
            .filter(pk=pk, next_at__lte=now, ended_at__isnull=True)
            .first()
        )
        if row is None:
            return 0
        taken = take(from_data(row.steps), done=row.steps_done, now=now)
        for number, step in taken.fire:
            _record(row, number, step, now)
        _move_on(row, taken, now)
        reached("obligations.before_commit")
        return 1


def _move_on(row: Obligation, taken: Taken, now: datetime) -> None:
    if any(step.kind is StepKind.BREACH for _, step in taken.fire):
        row.state = OBLIGATION.move(row.state, "breach")
        row.breached_at = now
        row.version += 1
    row.steps_done = taken.done
    row.next_at = taken.next_at
    row.updated_at = now
    update(row)


def _record(row: Obligation, number: int, step: Step, now: datetime) -> None:
    outbox_put(
        now=now,
        topic=TOPICS[step.kind],
        key=row.subject_key,
        payload={
            "obligation": row.pk,
            "step": number,
            "role": step.role,
            "at": step.at.astimezone(UTC).isoformat(),
        },
    )
    audit_record(
        actor=ACTOR,
        now=now,
        action=_ACTIONS[step.kind],
        object_kind=row.subject_kind,
        object_key=row.subject_key,
        data={
            "obligation": row.pk,
            "rule": row.rule_id,
            "step": number,
            "role": step.role,
            "due_at": row.due_at.isoformat(),
        },
    )

"""The tick: every escalation that is due moves by one step, once, however many workers look.

A claim is the lock of the incident and of its escalation, taken in that order, as people's own steps take
it. What follows from it is rows of the same transaction, the page's deliveries among them: a worker that
dies has told nobody, and the next one does it again. So no lease is needed here; handing over has its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from django.db.models import Q

from incidents.escalating import CLOCK_TOLERANCE, due_by_a_clock_gone_back
from incidents.models import Escalation, Incident
from incidents.services.escalation.lapsing import acknowledgement_lapse
from incidents.services.escalation.records import ACTOR
from incidents.services.escalation.stepping import hold_back, step_take
from opsportal.core.connections import drop_broken_connection
from opsportal.core.faultpoints import reached
from opsportal.core.writes import write

_BATCH = 100
_BUDGET_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class EscalateError(Exception):
    """Some escalations could not be moved; the others were."""


def escalations_advance(*, clock: Callable[[], datetime]) -> int:
    """Move all that is due, the longest due first, for 15 s at most; return how many moved.

    `clock` is the database's (aware UTC). Each has a transaction of its own. Raises `EscalateError` at the
    end where one of them failed, so that the heart does not beat.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    moved, failed = 0, set[int]()
    while time.monotonic() < stop_at:
        now = clock()
        due = _due(now, failed)
        progress = 0
        for pk, incident in due:
            try:
                progress += _advance(pk, incident, now)
            except Exception:  # noqa: BLE001 - logged; one bad row must not hold up the others
                _log.exception("incidents.escalate_failed", escalation=pk, incident=incident)
                drop_broken_connection()
                failed.add(pk)
        moved += progress
        if len(due) < _BATCH or not progress:
            break
    if failed:
        raise EscalateError(f"{len(failed)} escalations could not be moved")
    return moved


def _is_due(now: datetime) -> Q:
    """What is due, and what a clock that has gone back since would leave waiting for too long."""
    return Q(due_at__lte=now) | Q(planned_at__gt=now + CLOCK_TOLERANCE, due_at__isnull=False)


def _due(now: datetime, failed: set[int]) -> list[tuple[int, int]]:
    # Two queries, so that each has its index: one that asks for both reads every row.
    rows = Escalation.objects.exclude(pk__in=failed)
    due = rows.filter(due_at__lte=now).order_by("due_at", "id")
    found = list(due.values_list("pk", "incident_id")[:_BATCH])
    ahead = rows.filter(planned_at__gt=now + CLOCK_TOLERANCE, due_at__gt=now).order_by("planned_at")
    return found + list(ahead.values_list("pk", "incident_id")[: _BATCH - len(found)])


def _advance(pk: int, incident_id: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        # Whoever has the lock is at it; whoever comes after their commit no longer finds it due.
        incident = (
            Incident.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=incident_id).first()
        )
        if incident is None:
            return 0
        escalation = Escalation.objects.select_for_update(of=("self",)).filter(_is_due(now), pk=pk).first()
        if escalation is None:
            return 0
        escalation.incident = incident
        reached("escalation.claimed")
        _move(escalation, now)
        reached("escalation.before_commit")
        return 1


def _move(escalation: Escalation, now: datetime) -> None:
    assert escalation.due_at is not None  # noqa: S101 - the query has it
    mended = due_by_a_clock_gone_back(planned_at=escalation.planned_at, due_at=escalation.due_at, now=now)
    if mended is not None:
        escalation.planned_at, escalation.due_at = now, mended
        escalation.save()
        return
    if escalation.state == "acknowledged":
        acknowledgement_lapse(
            escalation,
            now=now,
            text="The acknowledgement has lapsed: nobody has said since that they are at it.",
        )
    if not hold_back(escalation, actor=ACTOR, now=now):
        step_take(escalation, actor=ACTOR, now=now)

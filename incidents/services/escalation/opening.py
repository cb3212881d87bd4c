"""Opening and ending the escalation of an incident, and fitting it to another severity."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from incidents.escalating import lapses_at, replanned
from incidents.escalation_form import data_of, plan_of
from incidents.models import Escalation, EscalationMove, Incident
from incidents.selectors.escalation import choice_for, matrix_for
from incidents.services.escalation.records import record_move, tell
from incidents.services.escalation.telling import paging_stopped
from incidents.severities import higher
from incidents.states import ESCALATION
from opsportal.core.actor import Actor
from opsportal.outbox.services import wakeup

TICK = "incidents.escalate"


def escalation_open(
    *, actor: Actor, now: datetime, incident: Incident, acknowledged: bool = False
) -> Escalation:
    """Copy the plan that applies into `incident`, let its first step be due, and return the escalation.

    Inside the write under way, with the incident locked or new. `acknowledged`: people are at it already,
    and only their acknowledgement may lapse. One that is under way is returned as it is.
    """
    under_way = escalation_locked(incident)
    if under_way is not None:
        return under_way
    choice = choice_for(incident)
    plan = choice.plan
    due_at: datetime | None = now + plan.steps[0].wait
    if acknowledged:
        due_at = lapses_at(plan, incident.severity, now)  # type: ignore[arg-type]
    escalation = Escalation.objects.create(
        incident=incident,
        origin=choice.origin,
        reference=choice.reference,
        plan=data_of(plan),
        severity=incident.severity,
        state="acknowledged" if acknowledged else ESCALATION.initial,
        opened_at=now,
        planned_at=now,
        due_at=due_at,
        acknowledged_at=now if acknowledged else None,
    )
    tell(escalation, actor=actor, now=now, event="opened")
    _wake()
    return escalation


def escalation_stop(*, actor: Actor, now: datetime, incident: Incident) -> None:
    """End the escalation of a locked incident, and the pages that are still going out."""
    escalation = escalation_locked(incident)
    if escalation is None:
        return
    escalation.state = ESCALATION.move(escalation.state, "stop")
    escalation.due_at, escalation.ended_at = None, now
    escalation.save()
    paging_stopped(incident, now=now)
    tell(escalation, actor=actor, now=now, event="stopped")


def escalation_severity_changed(*, actor: Actor, now: datetime, incident: Incident) -> None:
    """Fit the escalation of a locked incident to its severity, which has just changed.

    A graver one under the standard gets the matrix of that severity: whoever was told is passed, and whoever
    should have been told by now is told at once. An acknowledgement holds no longer than the graver severity
    lets it. A lesser one changes nobody's turn. A policy is the same for all severities.
    """
    escalation = escalation_locked(incident)
    if escalation is None:
        return
    before, escalation.severity = escalation.severity, incident.severity
    graver = before != incident.severity and higher(before, incident.severity) == incident.severity  # type: ignore[arg-type]
    if graver:
        if escalation.origin != Escalation.Origin.POLICY:
            _replan(escalation, actor=actor, now=now)
        elif escalation.state == "held":
            # What waits for working hours is looked at anew by the tick.
            escalation.due_at, escalation.planned_at = now, now
        if escalation.state == "acknowledged":
            _shorten(escalation, now)
        _wake()
    escalation.save()


def escalation_locked(incident: Incident) -> Escalation | None:
    """Return the escalation of a locked incident that is under way, locked, or None."""
    escalation = (
        Escalation.objects.select_for_update(of=("self",))
        .filter(incident=incident)
        .exclude(state="stopped")
        .first()
    )
    if escalation is not None:
        escalation.incident = incident
    return escalation


def _replan(escalation: Escalation, *, actor: Actor, now: datetime) -> None:
    choice = matrix_for(escalation.incident)
    old = escalation.read_plan
    if choice.plan == old:
        return
    rows = escalation.log.filter(kind=EscalationMove.Kind.TOLD, step__isnull=False)
    taken = {step for step in rows.values_list("step", flat=True) if step is not None}
    cursor, due_at = replanned(old, taken, choice.plan, opened_at=escalation.opened_at, now=now)
    escalation.plan, escalation.origin = data_of(choice.plan), choice.origin
    escalation.reference = choice.reference
    escalation.step, escalation.round = cursor.step, cursor.round
    if escalation.state != "acknowledged":
        escalation.state = ESCALATION.move(escalation.state, "replan")
        escalation.due_at = due_at
    escalation.planned_at = now
    record_move(
        escalation,
        actor=actor,
        now=now,
        kind=EscalationMove.Kind.REPLANNED,
        step=cursor.step,
        text="It is graver now, so others are told, and sooner.",
    )


def _shorten(escalation: Escalation, now: datetime) -> None:
    lapse = lapses_at(plan_of(escalation.plan), escalation.severity, now)  # type: ignore[arg-type]
    if lapse is not None and (escalation.due_at is None or lapse < escalation.due_at):
        escalation.due_at, escalation.planned_at = lapse, now


def _wake() -> None:
    transaction.on_commit(partial(wakeup.ask, TICK), robust=True)

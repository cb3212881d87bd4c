"""A person wants the next ones told now."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from incidents.models import EscalationMove, Incident
from incidents.services.escalation.opening import TICK, escalation_locked, escalation_open
from incidents.services.escalation.records import ACTOR, record_move
from incidents.services.escalation.stepping import step_take
from incidents.states import ESCALATION
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.notify.models import Page
from opsportal.outbox.services import wakeup


def escalation_raise(*, actor: Actor, now: datetime, incident: Incident) -> None:
    """Take the next step of the escalation of a locked, open incident now, inside the write under way.

    Also where somebody has acknowledged it: whoever is told then has to answer in their turn. Where nobody
    is being told any more, because it is mitigated, it begins anew.
    """
    escalation = escalation_locked(incident)
    if escalation is None:
        escalation = escalation_open(actor=actor, now=now, incident=incident)
    if escalation.state == "acknowledged":
        escalation.passes += 1
    escalation.state = ESCALATION.move(escalation.state, "raise")
    step_take(escalation, actor=actor, now=now)


def escalation_undelivered(*, now: datetime, incident_id: int) -> bool:
    """Let the next step be due at once where nobody of the last one got their page; say whether it is.

    The portal has given up on every way of each of them: to wait for their answer would be in vain.
    """
    with write(actor=ACTOR, now=now):
        incident = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id).first()
        escalation = escalation_locked(incident) if incident is not None else None
        if escalation is None or escalation.state != "running":
            return False
        last = escalation.log.order_by("-number").first()
        if last is None or last.kind != EscalationMove.Kind.TOLD:
            return False
        if Page.objects.filter(page_key=last.page_key).exclude(state="failed").exists():
            return False
        escalation.due_at = escalation.planned_at = now
        record_move(
            escalation,
            actor=ACTOR,
            now=now,
            kind=EscalationMove.Kind.PASSED,
            step=last.step,
            text="Nobody who was told got the page, so the next ones are told at once.",
            skipped=[{**one, "why": "undelivered"} for one in last.told],
        )
        escalation.save()
        transaction.on_commit(partial(wakeup.ask, TICK), robust=True)
        return True

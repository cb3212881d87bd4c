"""An acknowledgement ends before its incident does: nobody was heard, or what it was given for is over."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from incidents.escalating import after_lapse
from incidents.models import Alert, Escalation, EscalationMove, Incident
from incidents.services.escalation.opening import TICK, escalation_locked, escalation_open
from incidents.services.escalation.raising import escalation_raise
from incidents.services.escalation.records import ACTOR, record_move
from incidents.services.response.moving import incident_lapse
from incidents.states import ESCALATION
from opsportal.outbox.services import wakeup


def acknowledgement_lapse(escalation: Escalation, *, now: datetime, text: str) -> None:
    """Let a locked escalation that rests go on at the step that it was at; the caller saves it.

    `text` says why, for the timeline.
    """
    if escalation.incident.state == "acknowledged":
        escalation.incident = incident_lapse(actor=ACTOR, now=now, pk=escalation.incident_id)
    escalation.state = ESCALATION.move(escalation.state, "lapse")
    escalation.passes += 1
    cursor = after_lapse(
        escalation.read_plan, last_step=escalation.last_step, last_round=escalation.last_round
    )
    escalation.step, escalation.round = cursor.step, cursor.round
    escalation.told = int(cursor.reached)
    record_move(
        escalation, actor=ACTOR, now=now, kind=EscalationMove.Kind.LAPSED, step=cursor.step, text=text
    )


def acknowledgement_outlived(*, now: datetime, incident: Incident, joined: set[int]) -> bool:
    """Page again where alerts (`joined`: their ids, firing) join a locked incident that was acknowledged
    for others, all of which are over; say whether it does.

    Whoever acknowledged saw those, and is told of what fires now. What joined after the acknowledgement
    does not keep it alive. It is left alone where it was acknowledged for no alert at all.
    """
    if incident.state != "acknowledged":
        return False
    escalation = escalation_locked(incident)
    since = (escalation.acknowledged_at if escalation else None) or incident.acknowledged_at
    given_for = Alert.objects.filter(incident=incident, received_at__lte=since).exclude(pk__in=joined)
    if not given_for.exists() or given_for.filter(state="firing").exists():
        return False
    if escalation is not None and escalation.state == "acknowledged":
        acknowledgement_lapse(
            escalation, now=now, text="It was acknowledged for alerts that are over, and fires again."
        )
        escalation.due_at = escalation.planned_at = now
        escalation.save()
        transaction.on_commit(partial(wakeup.ask, TICK), robust=True)
        return True
    lapsed = incident_lapse(actor=ACTOR, now=now, pk=incident.pk)
    if escalation is None:
        escalation_open(actor=ACTOR, now=now, incident=lapsed)
    elif escalation.state == "exhausted":
        escalation_raise(actor=ACTOR, now=now, incident=lapsed)
    return True

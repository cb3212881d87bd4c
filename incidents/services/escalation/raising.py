"""A person wants the next ones told now."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Incident
from incidents.services.escalation.opening import escalation_locked, escalation_open
from incidents.services.escalation.stepping import step_take
from incidents.states import ESCALATION
from opsportal.core.actor import Actor


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

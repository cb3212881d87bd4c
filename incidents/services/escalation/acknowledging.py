"""Somebody says that they have it: the escalation rests, once all who must have said so."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from incidents.escalating import lapses_at, still_to_acknowledge
from incidents.models import Escalation, EscalationAcknowledgement, Incident
from incidents.selectors.escalation import acknowledged_in_this_pass, must_acknowledge
from incidents.services.escalation.opening import escalation_locked
from incidents.services.escalation.records import tell
from incidents.services.escalation.telling import paging_stopped
from incidents.states import ESCALATION
from opsportal.core.actor import Actor


def escalation_acknowledged(
    *, actor: Actor, now: datetime, incident: Incident, by: UUID | str | None
) -> bool:
    """Note that `by` (a person; None for a machine) acknowledged a locked incident; say whether it rests now.

    Where everyone told by a step has to acknowledge, it goes on until the last of them has. A machine's
    acknowledgement counts for everybody: whoever lets it do so means that.
    """
    escalation = escalation_locked(incident)
    if escalation is None:
        return True
    if by is not None:
        EscalationAcknowledgement.objects.create(
            escalation=escalation, person=str(by), at=now, pass_number=escalation.passes
        )
        missing = still_to_acknowledge(must_acknowledge(escalation), acknowledged_in_this_pass(escalation))
        if missing:
            tell(
                escalation,
                actor=actor,
                now=now,
                event="acknowledged_by_one",
                data={"person": str(by), "missing": sorted(missing)},
            )
            return False
    escalation.state = ESCALATION.move(escalation.state, "acknowledge")
    escalation.acknowledged_at = now
    escalation.planned_at = now
    escalation.due_at = lapses_at(escalation.read_plan, escalation.severity, now)  # type: ignore[arg-type]
    escalation.save()
    paging_stopped(incident, now=now)
    tell(escalation, actor=actor, now=now, event="acknowledged", data={"person": str(by or "")})
    return True


def awaits(incident: Incident, person: UUID | str | None) -> bool:
    """Return whether an acknowledgement of this person means something for a locked, acknowledged incident.

    So it does while others are still being told: because each of several has to acknowledge, or because
    somebody asked for more help. One's own counts once.
    """
    escalation = escalation_locked(incident)
    if escalation is None or escalation.state == "acknowledged":
        return False
    return person is None or str(person) not in acknowledged_in_this_pass(escalation)


def waiting_for(escalation: Escalation) -> frozenset[str]:
    """Return the ids of the people who still have to acknowledge after somebody has."""
    missing = still_to_acknowledge(must_acknowledge(escalation), acknowledged_in_this_pass(escalation))
    return missing or frozenset()

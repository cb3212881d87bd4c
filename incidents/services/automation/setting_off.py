"""Setting off what the standard answers alerts with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from incidents.facts import incident_facts
from incidents.models import Alert, AutomatedResponse, Incident
from incidents.responding import metric_facts, plan_data
from incidents.selectors.response import affected_by
from incidents.services.automation.records import ACTOR, record
from opsportal.core.writes import write
from opsportal.outbox.services import wakeup
from opsportal.standards.answers import Trigger
from opsportal.standards.selectors import standard_by_hash

TICK = "incidents.respond"


def responses_set_off(*, now: datetime, incident_id: int, alerts: Iterable[int]) -> int:
    """Open a response for each trigger that these alerts (ids) of an incident set off; return how many.

    A trigger that asks for a condition to last begins to wait for that. The same one acts once in an
    incident, whatever arrives. Nothing happens in an incident that is over.
    """
    with write(actor=ACTOR, now=now):
        incident = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id).first()
        if incident is None or not incident.is_open:
            return 0
        standard = standard_by_hash(incident.standard_hash)
        if not standard.triggers:
            return 0
        known = set(incident.responses.values_list("trigger", flat=True))
        about = incident_facts(incident, affected_by(incident), now=now)
        opened = 0
        for alert in Alert.objects.filter(pk__in=list(alerts), incident=incident, state="firing").order_by(
            "pk"
        ):
            facts = {**about, **metric_facts(alert.labels, alert.annotations, standard.metrics)}
            for trigger in standard.triggers:
                if trigger.id not in known and trigger.when.evaluate(facts) is True:
                    known.add(trigger.id)
                    _open(incident, trigger, alert, now)
                    opened += 1
        return opened


def _open(incident: Incident, trigger: Trigger, alert: Alert, now: datetime) -> None:
    # For how long it has been so, by the sender's clock; never longer than we have known of it and its wait.
    since = min(alert.starts_at, now)
    due_at = max(now, since + trigger.lasting) if trigger.lasting else now
    response = AutomatedResponse.objects.create(
        incident=incident,
        trigger=trigger.id,
        title=trigger.title,
        plan=plan_data(trigger),
        alert=alert.pk,
        opened_at=now,
        due_at=due_at,
    )
    waits = due_at - now
    record(
        response,
        actor=ACTOR,
        now=now,
        kind="set_off",
        text=f"Set off: {trigger.title}."
        + (f" It begins in {int(waits.total_seconds())} s if this lasts." if waits > timedelta() else ""),
    )
    transaction.on_commit(partial(wakeup.ask, TICK), robust=True)

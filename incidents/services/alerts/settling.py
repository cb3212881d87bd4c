"""What an incident hears of its alerts: that somebody is on one, and that all of them are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from incidents.models import Alert, Incident
from incidents.services.response.moving import incident_acknowledge, incident_alerts_settled
from incidents.services.response.timeline import entry_add
from opsportal.core.actor import Actor
from opsportal.core.writes import write

ACTOR = Actor.system("incidents.alerts")
_SOON = timedelta(seconds=5)


def settle(incident: int, alerts: Sequence[Alert], now: datetime) -> None:
    """Tell an incident (its key) what has become of some of its alerts, which are claimed.

    It resolves by itself when none of its alerts fires any more and the routes of all of them allow that;
    never because one was not told of.
    """
    with write(actor=ACTOR, now=now):
        # Under its lock nothing joins it; whoever wants to, then finds it resolved, and opens another.
        found = Incident.objects.select_for_update(of=("self",)).get(pk=incident)
        if found.state == "triggered" and any(alert.acknowledged_at for alert in alerts):
            found = incident_acknowledge(actor=ACTOR, now=now, pk=incident)
        ended = [alert for alert in alerts if not alert.is_firing]
        later = None
        if ended and found.is_open:
            if _begins_anew(incident):
                later = now + _SOON
            elif not Alert.objects.filter(incident=incident, state="firing").exists():
                _over(found, now)
        for alert in alerts:
            # Where something came in since the claim, it is due anew, and stays so.
            Alert.objects.filter(pk=alert.pk, due_at=alert.due_at).update(
                due_at=later if not alert.is_firing else None
            )


def _begins_anew(incident: int) -> bool:
    """Return whether one of its alerts fires again, and only waits for its route."""
    again = Alert.objects.filter(
        integration=OuterRef("integration"),
        fingerprint=OuterRef("fingerprint"),
        is_latest=True,
        state="firing",
        handling="waiting",
    )
    return Alert.objects.filter(Exists(again), incident=incident, is_latest=False).exists()


def _over(incident: Incident, now: datetime) -> None:
    if Alert.objects.filter(incident=incident, route__auto_resolve=False).exists():
        entry_add(
            actor=ACTOR,
            now=now,
            incident=incident,
            kind="alerts_over",
            text="All its alerts are over. It waits for somebody to resolve it.",
        )
        return
    incident_alerts_settled(actor=ACTOR, now=now, pk=incident.pk)

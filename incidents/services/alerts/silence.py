"""Integrations that went silent: the one trouble that no sender tells of."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from incidents.ingest.arrived import Arrived
from incidents.models import Alert, Integration
from incidents.selectors.alerts import last_received
from incidents.services.alerts.ingesting import arrived_from_the_portal
from incidents.services.alerts.integrations import portal_integration
from incidents.states import INTEGRATION
from opsportal.core.actor import Actor
from opsportal.core.writes import write

ACTOR = Actor.system("incidents.silences")


def silences_watch(*, clock: Callable[[], datetime]) -> int:
    """Open an alert for each integration that was not heard of for longer than it may be; end those of the
    others. Returns how many are silent.

    `clock` is the database's (aware UTC). One that was never heard of counts from when it was made.
    """
    now = clock()
    watched = list(Integration.objects.filter(silent_after__isnull=False, state=INTEGRATION.initial))
    heard = last_received([one.pk for one in watched])
    silent = {
        _name(one): one
        for one in watched
        if heard.get(one.pk, one.created_at) + timedelta(seconds=one.silent_after or 0) <= now
    }
    firing = set(
        Alert.objects.filter(
            integration__kind=Integration.Kind.PORTAL, fingerprint__startswith="silent:", state="firing"
        ).values_list("fingerprint", flat=True)
    )
    alerts = [_alert(one, heard.get(one.pk)) for name, one in silent.items() if name not in firing]
    alerts += [
        Arrived(fingerprint=name, status="resolved", title="Heard again", keeps_unseen_end=False)
        for name in sorted(firing - set(silent))
    ]
    if alerts:
        body = json.dumps({"silent": sorted(silent)}).encode()
        with write(actor=ACTOR, now=now):
            portal = portal_integration(now)
            arrived_from_the_portal(now=now, integration=portal, alerts=tuple(alerts), body=body)
    return len(silent)


def _name(integration: Integration) -> str:
    return f"silent:{integration.slug}"


def _alert(integration: Integration, last: datetime | None) -> Arrived:
    since = f"Last heard of at {last:%Y-%m-%d %H:%M:%S} UTC." if last else "It was never heard of."
    return Arrived(
        fingerprint=_name(integration),
        status="firing",
        title=f"{integration.name} has gone silent",
        labels={"alertname": "IntegrationSilent", "integration": integration.slug},
        annotations={"description": f"{since} Alerts that it should send may be lost."},
        severity="sev2",
        keeps_unseen_end=False,
    )

"""Taking alerts in: committed before the sender is answered, worked on afterwards."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import OperationalError, connection, transaction

from incidents.ingest.arrived import Arrived, Parsed
from incidents.ingest.pagerduty import FORMAT as PAGERDUTY
from incidents.ingest.pagerduty import ChangeEvent, Event
from incidents.models import AlertMessage, ChangeReport, Integration
from incidents.services.alerts.storing import Stored, alerts_store
from opsportal.catalog.selectors import services_named
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlation_id
from opsportal.core.storing import insert
from opsportal.core.writes import write
from opsportal.outbox.services import wakeup

TICK = "incidents.route_alerts"
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message."""

    message: int
    stored: Stored


def alerts_ingest(
    *, actor: Actor, now: datetime, integration: Integration, parsed: Parsed, sha256: str = ""
) -> Taken:
    """Store a message and the alerts in it, and return what became of them.

    Once for each occurrence, whoever sends it again or at the same moment: a repetition is counted. Routes
    are found afterwards, by a tick. `sha256` is that of what arrived, where it is not what is kept. Raises
    `Forbidden`.
    """
    require(actor, "alert.ingest")
    for _ in range(_TRIES - 1):
        try:
            return _ingest(actor, now, integration, parsed, sha256)
        except OperationalError as error:
            # Two messages that lock the same alerts in another order: the database ends one of them.
            if connection.in_atomic_block or getattr(error.__cause__, "sqlstate", "") != "40P01":
                raise
    return _ingest(actor, now, integration, parsed, sha256)


def event_ingest(
    *, actor: Actor, now: datetime, integration: Integration, event: Event, body: bytes
) -> tuple[str, Taken]:
    """Store an event of PagerDuty's format, and return its key (made here where it had none) and the rest.

    Raises `Forbidden`.
    """
    key = event.alert.fingerprint or secrets.token_hex(16)
    parsed = Parsed(PAGERDUTY, (replace(event.alert, fingerprint=key),), (), body)
    return key, alerts_ingest(actor=actor, now=now, integration=integration, parsed=parsed)


def change_report_ingest(
    *, actor: Actor, now: datetime, integration: Integration, change: ChangeEvent, body: bytes
) -> ChangeReport:
    """Store what was done elsewhere, as a fact, and return it. Nobody is told. Raises `Forbidden`."""
    with write(actor=actor, now=now):
        require(actor, "alert.ingest")
        message = _message(integration, Parsed(PAGERDUTY, (), (), body), now, "")
        named = change.details.get("service", "") or change.source
        service = services_named([named]).get(named) if named else None
        report = ChangeReport(
            integration=integration,
            message=message,
            service=service or integration.service,
            summary=change.summary,
            source=change.source,
            at=min(change.at or now, now),
            received_at=now,
            details=dict(change.details),
            links=[{"text": link.text, "href": link.href} for link in change.links],
        )
        insert(report)
        return report


def arrived_from_the_portal(
    *, now: datetime, integration: Integration, alerts: tuple[Arrived, ...], body: bytes
) -> Taken:
    """Store alerts that the portal raises itself; joins the caller's write."""
    parsed = Parsed("portal", alerts, (), body)
    actor = Actor.system("incidents.watch")
    return alerts_ingest(actor=actor, now=now, integration=integration, parsed=parsed)


def _ingest(actor: Actor, now: datetime, integration: Integration, parsed: Parsed, sha256: str) -> Taken:
    with write(actor=actor, now=now):
        message = _message(integration, parsed, now, sha256)
        stored = alerts_store(now=now, integration=integration, message=message.pk, alerts=parsed.alerts)
        if stored.is_due:
            transaction.on_commit(_wake, robust=True)
        return Taken(message.pk, stored)


def _wake() -> None:
    wakeup.ask(TICK)


def _message(integration: Integration, parsed: Parsed, now: datetime, sha256: str) -> AlertMessage:
    message = AlertMessage(
        integration=integration,
        format=parsed.format,
        received_at=now,
        sha256=sha256 or hashlib.sha256(parsed.body).hexdigest(),
        body=parsed.body,
        alerts=len(parsed.alerts),
        refused=len(parsed.bad),
        truncated=parsed.truncated,
        correlation_id=correlation_id(),
    )
    insert(message)
    return message

"""The ticks of the status page."""

from __future__ import annotations

from celery import shared_task

from incidents.services.statuspage import status_copy_write, status_mails_prune, status_mails_send
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="incidents.status_mail")
def status_mail() -> None:
    """Send mails to subscribers."""
    with ticking("incidents.status_mail"):
        status_mails_send(clock=database_now)


@shared_task(name="incidents.status_copy")
def status_copy() -> None:
    """Renew the static copy."""
    with ticking("incidents.status_copy"):
        status_copy_write(clock=database_now)


@shared_task(name="incidents.status_prune")
def status_prune() -> None:
    """Delete mails that are over, and questions that nobody answered."""
    with ticking("incidents.status_prune"):
        status_mails_prune(now=database_now())

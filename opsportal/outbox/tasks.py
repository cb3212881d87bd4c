"""The ticks of the outbox."""

from __future__ import annotations

from celery import shared_task

from opsportal.api.idempotency import answers_prune
from opsportal.core.clock import database_now
from opsportal.outbox.services import messages_handle, messages_prune, ticking
from opsportal.web.once import sent_prune


@shared_task(name="outbox.dispatch")
def dispatch() -> None:
    """Handle what waits in the outbox."""
    with ticking("outbox.dispatch"):
        messages_handle(clock=database_now)


@shared_task(name="outbox.prune")
def prune() -> None:
    """Delete messages and answers of more than 7 days ago, and what is known of forms after a day."""
    with ticking("outbox.prune"):
        messages_prune(now=database_now())
        answers_prune(now=database_now())
        sent_prune(now=database_now())

"""The ticks of the outbox."""

from __future__ import annotations

from celery import shared_task

from opsportal.api.idempotency import answers_prune
from opsportal.core.clock import database_now
from opsportal.outbox.services import messages_handle, messages_prune, ticking


@shared_task(name="outbox.dispatch")
def dispatch() -> None:
    """Handle what waits in the outbox."""
    with ticking("outbox.dispatch"):
        messages_handle(clock=database_now)


@shared_task(name="outbox.prune")
def prune() -> None:
    """Delete messages that were handled, and answers that were kept, more than 7 days ago."""
    with ticking("outbox.prune"):
        messages_prune(now=database_now())
        answers_prune(now=database_now())

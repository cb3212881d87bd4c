"""The ticks of escalations."""

from __future__ import annotations

from celery import shared_task

from incidents.services.automation.advancing import responses_advance
from incidents.services.escalation.advancing import escalations_advance
from incidents.services.escalation.watching import escalation_watch
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="incidents.escalate")
def escalate() -> None:
    """Tell the next ones, where nobody has acknowledged."""
    with ticking("incidents.escalate"):
        escalations_advance(clock=database_now)


@shared_task(name="incidents.escalation_watch")
def watch() -> None:
    """Find the escalations that should have moved and did not."""
    with ticking("incidents.escalation_watch"):
        escalation_watch(now=database_now())


@shared_task(name="incidents.respond")
def respond() -> None:
    """Hand over what is done by itself in incidents, and tell people where it fails or is late."""
    with ticking("incidents.respond"):
        responses_advance(clock=database_now)

"""The tick of the obligations."""

from __future__ import annotations

from celery import shared_task

from opsportal.core.actor import Actor
from opsportal.core.clock import database_now
from opsportal.obligations.services import obligations_advance, standard_review_follow
from opsportal.outbox.services import ticking


@shared_task(name="obligations.tick")
def tick() -> None:
    """Remind, note breaches and climb, where it is due."""
    with ticking("obligations.tick"):
        obligations_advance(clock=database_now)


@shared_task(name="obligations.standard_review")
def standard_review() -> None:
    """Owe the review of the standard in force, where its activation is older than this duty."""
    with ticking("obligations.standard_review"):
        standard_review_follow(actor=Actor.system("obligations.standard_review"), now=database_now())

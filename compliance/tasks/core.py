"""The ticks of cadences and of conformance."""

from __future__ import annotations

from celery import shared_task

from compliance.services.core import cadences_follow, conformance_evaluate
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="compliance.cadences")
def cadences() -> None:
    """Open what recurs."""
    with ticking("compliance.cadences"):
        cadences_follow(now=database_now())


@shared_task(name="compliance.conformance")
def conformance() -> None:
    """Find what is so of each rule."""
    with ticking("compliance.conformance"):
        conformance_evaluate(clock=database_now)

"""The tick of recovery."""

from __future__ import annotations

from celery import shared_task

from compliance.services.recovery.own_rounds import own_recovery
from compliance.services.recovery.scratch import LONGEST
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="compliance.own_recovery", time_limit=2 * LONGEST, soft_time_limit=2 * LONGEST - 60)
def own_recovery_round() -> None:
    """Back the portal up each day, and restore that into a scratch database each month."""
    with ticking("compliance.own_recovery"):
        own_recovery(now=database_now())

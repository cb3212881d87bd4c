"""The tick of governance."""

from __future__ import annotations

from celery import shared_task

from compliance.services.governance.upkeep import governance_upkeep
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="compliance.governance")
def governance() -> None:
    """Open accepted risks again whose time is over, and forget addresses that are not needed any more."""
    with ticking("compliance.governance"):
        governance_upkeep(clock=database_now)

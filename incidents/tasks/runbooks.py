"""The tick of runbooks."""

from __future__ import annotations

from celery import shared_task

from incidents.services.runbooks.link_check import links_check
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="incidents.runbook_links")
def runbook_links() -> None:
    """Look whether the links in runbooks still answer."""
    with ticking("incidents.runbook_links"):
        links_check(clock=database_now)

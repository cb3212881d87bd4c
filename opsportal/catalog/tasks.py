"""The ticks of the catalogue."""

from __future__ import annotations

from celery import shared_task

from opsportal.catalog.services import keys_remind
from opsportal.core.clock import database_now
from opsportal.outbox.services import ticking


@shared_task(name="catalog.keys")
def keys() -> None:
    """Tell the owners of providers whose key ends."""
    with ticking("catalog.keys"):
        keys_remind(clock=database_now)

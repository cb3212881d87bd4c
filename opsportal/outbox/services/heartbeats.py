"""The heartbeat of each tick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opsportal.core.clock import database_now
from opsportal.core.connections import drop_broken_connection
from opsportal.core.correlation import correlated, new_correlation_id
from opsportal.outbox.models import Heartbeat
from opsportal.outbox.services.handling import where_it_failed
from opsportal.outbox.ticks import ticks


@contextmanager
def ticking(name: str) -> Iterator[None]:
    """Run one tick under a correlation id of its own and keep its heartbeat.

    The heart beats only where the tick went through: one that fails each time falls silent, and is
    noticed as one that does not run. Raises `KeyError` for a tick that nobody expects.
    """
    ticks[name]
    with correlated(new_correlation_id()):
        try:
            yield
        except Exception as error:
            drop_broken_connection()
            failed = {"failed_at": database_now(), "error": where_it_failed(error)}
            Heartbeat.objects.update_or_create(name=name, defaults=failed)
            raise
        Heartbeat.objects.update_or_create(name=name, defaults={"finished_at": database_now(), "error": ""})

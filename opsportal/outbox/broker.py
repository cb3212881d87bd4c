"""Whether the broker answers. It only wakes the worker, so that without it everything is merely later."""

from __future__ import annotations

from kombu.exceptions import OperationalError

from opsportal.celery import app
from opsportal.core.ports import Check

_SECONDS = 1


def broker_check() -> Check:
    """Return whether the broker takes a connection within a second, for `/ready`."""
    try:
        with app.connection_for_read(connect_timeout=_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_SECONDS)
    except (OSError, OperationalError):
        return False, "the broker does not answer; messages and ticks wait until it does"
    return True, "answers"

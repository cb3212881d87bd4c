"""Rows that are due, one transaction each: what all ticks of the roster share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from opsportal.core.connections import drop_broken_connection

BATCH = 200

_log = structlog.get_logger(__name__)


class RosterError(Exception):
    """Some rows could not be worked on; the others were."""


def each_due(what: str, due: Iterable[int], work: Callable[[int, datetime], int], now: datetime) -> int:
    """Do `work` for each key and return how many it did something for.

    One that fails holds up no other; at the end `RosterError` tells of it, so that the heart does not beat.
    """
    done, failed = 0, 0
    for pk in due:
        try:
            done += work(pk, now)
        except Exception:  # noqa: BLE001 - logged; one bad row must not hold up the others
            _log.exception("roster.failed", what=what, key=pk)
            drop_broken_connection()
            failed += 1
    if failed:
        raise RosterError(f"{failed} of {what} could not be worked on")
    return done

"""What the ticks share: rows that are due and steps of a round, of which none holds up the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from opsportal.core.connections import drop_broken_connection

_log = structlog.get_logger(__name__)


class DueError(RuntimeError):
    """Some of what was due could not be worked on; the rest was."""


def each_due(what: str, due: Iterable[int], work: Callable[[int, datetime], int], now: datetime) -> int:
    """Do `work` at `now` (aware UTC) for each key, and return how many it did something for.

    `work` opens a transaction of its own each time. One that fails is logged and holds up no other; at the
    end `DueError` tells of it, so that the heart of the tick does not beat.
    """
    done, failed = 0, 0
    for key in due:
        try:
            done += work(key, now)
        except Exception:  # noqa: BLE001 - logged; one bad row must not hold up the others
            _log.exception("due.failed", what=what, key=key)
            drop_broken_connection()
            failed += 1
    if failed:
        raise DueError(f"{failed} of the {what} that were due could not be worked on")
    return done


def each_step(*steps: Callable[[], int]) -> int:
    """Do the steps of a round one after the other, and return the sum of what they did.

    One that fails holds up no later one; at the end the first failure is raised as it was.
    """
    done, first = 0, None
    for step in steps:
        try:
            done += step()
        except Exception as error:  # noqa: BLE001 - raised below; one step must not hold up the others
            if first is not None:
                _log.exception("due.step_failed")
            drop_broken_connection()
            first = first or error
    if first is not None:
        raise first
    return done

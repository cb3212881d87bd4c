"""Telling the worker that there is something to do, so that it need not wait for the next tick.

A wake-up may get lost: the rows are the truth and the tick finds them. So it must cost a request
nothing: a thread of its own sends it, many askers share one, and a broker that is away is left in peace.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import structlog

from opsportal.celery import app

_GATHER_SECONDS = 0.05
_PAUSE_SECONDS = 15.0
_EXPIRES_SECONDS = 120

_log = structlog.get_logger(__name__)


class _Waker:
    """Sends wake-ups from a thread that starts with the first need."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._guard = threading.Lock()
        self._wanted: set[str] = set()
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(self, task: str) -> None:
        with self._guard:
            self._wanted.add(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbox-wakeup", daemon=True)
                self._thread.start()
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._sleep(_GATHER_SECONDS)
            self._asked.clear()
            with self._guard:
                tasks, self._wanted = self._wanted, set()
            if not all(_sent(task) for task in sorted(tasks)):
                self._sleep(_PAUSE_SECONDS)


def _sent(task: str) -> bool:
    try:
        app.send_task(task, ignore_result=True, retry=False, expires=_EXPIRES_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever ails the broker, the tick finds the rows
        _log.warning("outbox.wakeup_failed", task=task, error=type(error).__name__)
        return False
    return True


_waker = _Waker()


def _start_anew() -> None:
    global _waker  # noqa: PLW0603 - a forked child has the thread's object, but not the thread
    _waker = _Waker()


os.register_at_fork(after_in_child=_start_anew)


def ask(task: str = "outbox.dispatch") -> None:
    """Have the worker run the tick `task` soon. Returns at once and never raises."""
    _waker.ask(task)

"""Several threads that do something at the same moment, each with a database connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections, transaction

F = TypeVar("F")
T = TypeVar("T")


def race(*acts: Callable[[], T]) -> list[T | Exception]:
    """Start all `acts` at once; return what each returned or raised, in their order."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        try:
            start.wait(timeout=30)
            return act()
        except Exception as error:  # noqa: BLE001 - the test compares what came
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def overtaken(first: Callable[[], F], second: Callable[[], T]) -> tuple[F, T]:
    """Commit `first` when `second`, on another connection, waits for its locks; return what both did.

    On PostgreSQL. Raises `AssertionError` where `second` does not wait.
    """

    def run() -> T:
        try:
            return second()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            done = first()
            behind = pool.submit(run)
            _until_somebody_waits()
        return done, behind.result(timeout=30)


def _until_somebody_waits() -> None:
    give_up_at = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < give_up_at:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for a lock")

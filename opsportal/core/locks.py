"""Waiting for one's turn where there is no row yet that two writers would both lock."""

from __future__ import annotations

from django.db import connection

DEPENDENCIES = 0x6F70_0001
STANDARD_IN_FORCE = 0x6F70_0002


def wait_for_turn(number: int) -> None:
    """Wait until every other transaction that called this with the same number has ended.

    Inside a transaction, which then keeps its turn until it ends itself; called again there, it goes on
    at once. SQLite lets one writer in at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])

"""The database connection of a worker that has to go on after an error."""

from __future__ import annotations

from django.db import connection


def drop_broken_connection() -> None:
    """Close this thread's connection where it is broken, so that the next statement opens a new one.

    Inside a transaction it does nothing: whoever opened that one has to end it first.
    """
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()

"""The clock. Edges ask once and pass `now` down; nothing below an edge asks again."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


def edge_now() -> datetime:
    """Return the present instant of this process (aware, UTC), for pages and API calls."""
    return datetime.now(UTC)


def database_now() -> datetime:
    """Return the database's present instant (aware, UTC), for ticks.

    All workers share this clock, so a worker whose own clock is wrong neither fires early nor late.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment.astimezone(UTC)

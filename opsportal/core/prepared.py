"""Statements on hot paths are prepared by PostgreSQL, which needs longer to plan them than to carry them out.

Each connection prepares one after it has run it some times (`opsportal.databases.PREPARE_AFTER`). That needs
values bound by the server; what the ORM sends by itself has its values written in and is never prepared.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


def preparing_cursor() -> CursorWrapper:
    """Return what `connection.cursor()` does, on PostgreSQL with values bound by the server.

    While queries are logged they have their values written in, so that each can be run by itself.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql" or connection.queries_logged:
        plain: CursorWrapper = connection.cursor()
        return plain
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor: CursorWrapper = connection._prepare_cursor(Cursor(connection.connection))
    return cursor

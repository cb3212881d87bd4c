"""Statements on hot paths are prepared by PostgreSQL, which needs longer to plan them than to carry them out.

Each connection prepares one after it has run it some times (`opsportal.databases.PREPARE_AFTER`). That needs
values bound by the server; what the ORM sends by itself has its values written in and is never prepared.

A release may give a column another type while connections are open that have prepared a query of it. The
database then refuses that query on each of those connections for good ("cached plan must not change result
type"): here that is `PlanOutdated`, for Django an `OperationalError`, which no face answers with a crash.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor, errors


class PlanOutdated(psycopg.OperationalError):
    """What a statement was prepared for has been changed since: roll back, or connect anew, and repeat."""


class _PreparingCursor(Cursor[Any]):
    """Tells a plan that has become too old from what is wrong with the statement itself."""

    def execute(self, *arguments: Any, **options: Any) -> Any:
        # By its code and not by its words: the server may speak any language.
        try:
            return super().execute(*arguments, **options)
        except errors.FeatureNotSupported as error:
            raise PlanOutdated(str(error)) from error


def preparing_cursor(*, repeatable: bool = False) -> CursorWrapper:
    """Return what `connection.cursor()` does, on PostgreSQL with values bound by the server.

    While queries are logged they have their values written in, so that each can be run by itself. What is
    `repeatable`, since whoever sends it asks `may_repeat` when it fails, is sent without a look at the
    connection ahead of it: that would be one more way to the database and back.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql" or connection.queries_logged:
        plain: CursorWrapper = connection.cursor()
        return plain
    if not repeatable:
        connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor: CursorWrapper = connection._prepare_cursor(_PreparingCursor(connection.connection))
    return cursor


def answered() -> None:
    """Note that the connection was seen to work, so that nothing looks at it again in this request."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    connection.health_check_done = True


def may_repeat(error: OperationalError) -> bool:
    """Close the connection if `error` is due to it, so that the same query may be run over a new one.

    That is a `PlanOutdated`, and a connection that the server has given up meanwhile. Returns False, and does
    nothing, for another error, and inside a transaction: its end forgets the plans, and who asked repeats the
    whole.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.in_atomic_block:
        return False
    is_gone = connection.connection is not None and getattr(connection.connection, "closed", False)
    if not is_gone and not isinstance(error.__cause__, PlanOutdated):
        return False
    connection.close()
    return True

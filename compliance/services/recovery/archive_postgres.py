"""The portal's PostgreSQL database into an archive and back, by COPY: no other program is needed.

All tables are read in one REPEATABLE READ transaction, so they are of one instant while others write. The
schema comes from the migrations that the manifest names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from compliance.recovery.manifest import TableSum

Sink = Callable[[bytes], object]
# What text stands for must not hang on how a server or a role is set up.
_SETTINGS = (
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
_TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname COLLATE "C"
"""
_COLUMNS = """
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attname COLLATE "C"
"""
_KEY = """
    SELECT a.attname, a.attcollation <> 0 FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = to_regclass(%s) AND i.indisprimary
    ORDER BY array_position(i.indkey::int2[], a.attnum)
"""
_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY sequencename
"""


@contextmanager
def one_instant(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    """Open a reading transaction that sees one instant, and yield its cursor."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        settle(cursor)
        yield cursor


def settle(cursor: Any) -> None:
    """Fix for this transaction how values are written as text."""
    for setting in _SETTINGS:
        cursor.execute(setting)


def tables(cursor: Any) -> list[str]:
    """Return the names of all tables of the schema, sorted as bytes."""
    cursor.execute(_TABLES)
    return [name for (name,) in cursor.fetchall()]


def copy_out(cursor: Any, table: str, sink: Sink | None = None) -> TableSum:
    """Write the rows of a table, in the order of their keys, to `sink`; return their number and hash."""
    columns, order = _columns(cursor, table)
    digest, rows = hashlib.sha256(), 0
    sql = f"COPY (SELECT {columns} FROM {_quoted(table)} ORDER BY {order}) TO STDOUT"  # noqa: S608 - own names
    with cursor.copy(sql) as copy:
        for block in copy:
            content = bytes(block)
            digest.update(content)
            # In this format a line end inside a value is written as two characters.
            rows += content.count(b"\n")
            if sink is not None:
                sink(content)
    return TableSum(rows, digest.hexdigest())


def copy_in(cursor: Any, table: str, blocks: Iterable[bytes]) -> None:
    """Put rows that `copy_out` wrote into a table. Raises what the database raises."""
    columns, _ = _columns(cursor, table)
    with cursor.copy(f"COPY {_quoted(table)} ({columns}) FROM STDIN") as copy:
        for block in blocks:
            copy.write(block)


def sequences(cursor: Any) -> dict[str, int]:
    """Return how far each sequence has counted."""
    cursor.execute(_SEQUENCES)
    return {name: int(value) for name, value in cursor.fetchall()}


def set_sequence(cursor: Any, name: str, value: int) -> None:
    """Let a sequence go on after `value`."""
    cursor.execute("SELECT setval(to_regclass(%s), %s, true)", [_quoted(name), value])


def row_counts(cursor: Any) -> dict[str, bool]:
    """Return by table whether it has any row."""
    found = {}
    for table in tables(cursor):
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {_quoted(table)})")  # noqa: S608 - own names
        found[table] = bool(cursor.fetchone()[0])
    return found


def empty(cursor: Any, names: Iterable[str]) -> None:
    """Delete all rows of these tables."""
    for name in names:
        cursor.execute(f"DELETE FROM {_quoted(name)}")  # noqa: S608 - own names


def _columns(cursor: Any, table: str) -> tuple[str, str]:
    """Return the columns that are not computed, and the order of the rows, as SQL."""
    cursor.execute(_COLUMNS, [_quoted(table)])
    columns = ", ".join(_quoted(name) for (name,) in cursor.fetchall())
    cursor.execute(_KEY, [_quoted(table)])
    # Text is ordered by its bytes: collations differ from server to server.
    order = ", ".join(
        _quoted(name) + (' COLLATE "C"' if is_text else "") for name, is_text in cursor.fetchall()
    )
    return columns, order or columns


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

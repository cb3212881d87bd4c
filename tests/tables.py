"""All tables of the portal, read and filled as they are: by SQL, without the ORM's conversions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import AutoField, BigAutoField, Field, GeneratedField, SmallAutoField

from opsportal.audit.models import AuditEntry
from tests.databases import ROLLED_BACK

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows by the label of their model (`changes.Change`), in the order of their keys."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its model's label, and its columns that are not computed by the database."""

    label: str
    name: str
    columns: tuple[str, ...]
    key: str
    numbered: bool  # whether the database counts the keys

    @property
    def where_done(self) -> str:
        """The condition that leaves out entries of refusals."""
        return (
            f" WHERE outcome <> '{AuditEntry.Outcome.REFUSED}'"
            if self.label == AuditEntry._meta.label
            else ""
        )


def tables() -> tuple[Table, ...]:
    """Return all tables of models but the sessions."""
    return _tables(connection.vendor)


@cache
def _tables(_vendor: str) -> tuple[Table, ...]:
    present = set(connection.introspection.table_names())
    return tuple(
        Table(
            label=model._meta.label,
            name=model._meta.db_table,
            columns=tuple(str(field.column) for field in _stored(model._meta.concrete_fields)),
            key=str(model._meta.pk.column),
            numbered=isinstance(model._meta.pk, AutoField | BigAutoField | SmallAutoField),
        )
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label != "sessions" and model._meta.db_table in present
    )


def _stored(fields: Any) -> list[Field[Any, Any]]:
    return [field for field in fields if not isinstance(field, GeneratedField)]


def everything(*, with_refusals: bool = True) -> Rows:
    """Return all rows of all tables; `with_refusals` also the audit entries of refused requests.

    One statement tells which tables may have rows at all: most have none, and each question takes its time.
    """
    filled = _filled()
    rows: Rows = {}
    with connection.cursor() as cursor:
        for table, read in _reading(connection.vendor, with_refusals):
            rows[table.label] = []
            if table.name in filled:
                cursor.execute(read)
                rows[table.label] = cursor.fetchall()
    return rows


@cache
def _reading(_vendor: str, with_refusals: bool) -> tuple[tuple[Table, str], ...]:
    """Return for each table how it is read."""
    reads = []
    for table in tables():
        where = "" if with_refusals else table.where_done
        text = f"SELECT {_list(table)} FROM {_quoted(table.name)}{where} ORDER BY {_quoted(table.key)}"
        reads.append((table, text))
    return tuple(reads)


def any_row(labels: frozenset[str]) -> bool:
    """Whether one of these tables has a row."""
    filled = _filled()
    asked = [
        f"EXISTS (SELECT 1 FROM {_quoted(table.name)})"
        for table in tables()
        if table.label in labels and table.name in filled
    ]
    if not asked:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {' OR '.join(asked)}")
        found = cursor.fetchone()
    assert found is not None
    return bool(found[0])


def _filled() -> frozenset[str]:
    """Return the names of all tables that have rows, and maybe of some that have none. One statement."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(_which(connection.vendor))
            found = cursor.fetchone()
            assert found is not None
            return frozenset(table.name for table, has in zip(tables(), found, strict=True) if has)
        # PostgreSQL would plan a question about each of the tables anew every time, for 30 ms.
        name = str(connection.settings_dict["NAME"])
        rolled_back = name.endswith(ROLLED_BACK) and connection.in_atomic_block  # all rows are ours
        cursor.execute(_WRITTEN_HERE if rolled_back else _HAS_PAGES)
        filled = frozenset(name for (name,) in cursor.fetchall())
        return filled | _of_the_template(name) if rolled_back else filled


_TABLES_WHERE = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND "
)
_HAS_PAGES = f"{_TABLES_WHERE} pg_relation_size(oid) > 0"
_WRITTEN_HERE = f"{_TABLES_WHERE} pg_stat_get_xact_tuples_inserted(oid) > 0"


@cache
def _of_the_template(_database: str) -> frozenset[str]:
    """Return the tables that have rows from the start, and those that tests have written to until now."""
    with connection.cursor() as cursor:
        cursor.execute(_HAS_PAGES)
        return frozenset(name for (name,) in cursor.fetchall())


@cache
def _which(_vendor: str) -> str:
    """Return the text that asks which tables have rows, in their order."""
    return "SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {_quoted(table.name)})" for table in tables())


def insertion(rows: Mapping[str, list[tuple[Any, ...]]]) -> list[tuple[str, list[Any]]]:
    """Return statements with their parameters that store these rows under the keys that they have.

    On PostgreSQL it is one text without parameters, which also keeps the counters ahead of the keys.
    """
    statements: list[tuple[str, list[Any]]] = []
    counters: list[tuple[str, list[Any]]] = []
    for table in tables():
        if not rows.get(table.label):
            continue
        group = f"({', '.join(['%s'] * len(table.columns))})"
        into = f"INSERT INTO {_quoted(table.name)} ({_list(table)}) VALUES "
        values = [value for row in rows[table.label] for value in row]
        statements.append((into + ", ".join([group] * len(rows[table.label])), values))
        if table.numbered:
            at = table.columns.index(table.key)
            most = max(row[at] for row in rows[table.label])
            counters.append((_AHEAD, [_quoted(table.name), table.key, most]))
    if connection.vendor != "postgresql":
        return statements
    operations: Any = connection.ops
    texts = [operations.compose_sql(text, values) for text, values in statements + counters]
    return [("; ".join(texts), [])]


_AHEAD = """
SELECT setval(s, GREATEST(n, COALESCE(pg_sequence_last_value(s), 0)))
FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS s, %s::bigint AS n) AS counted
"""


def store(statements: list[tuple[str, list[Any]]]) -> None:
    """Run what `insertion` returned; foreign keys are looked at in the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        for text, values in statements:
            cursor.execute(text, values or None)


def _list(table: Table) -> str:
    return ", ".join(_quoted(column) for column in table.columns)


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))

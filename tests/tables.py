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

    One statement tells which tables have rows at all: most have none, and each question takes its time.
    """
    ask, reads = _reading(connection.vendor, with_refusals)
    with connection.cursor() as cursor:
        cursor.execute(ask)
        filled = cursor.fetchone()
        assert filled is not None
        rows: Rows = {}
        for (label, read), is_filled in zip(reads, filled, strict=True):
            if is_filled:
                cursor.execute(read)
            rows[label] = cursor.fetchall() if is_filled else []
    return rows


@cache
def _reading(_vendor: str, with_refusals: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the text that asks which tables have rows, and for each table its label and how it is read."""
    reads = []
    for table in tables():
        where = "" if with_refusals else table.where_done
        text = f"SELECT {_list(table)} FROM {_quoted(table.name)}{where} ORDER BY {_quoted(table.key)}"
        reads.append((table.label, text))
    asked = ", ".join(f"EXISTS (SELECT 1 FROM {_quoted(table.name)})" for table in tables())
    return f"SELECT {asked}", tuple(reads)


def any_row(labels: frozenset[str]) -> bool:
    """Whether one of these tables has a row. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_any_row(labels))
        found = cursor.fetchone()
    assert found is not None
    return bool(found[0])


@cache
def _any_row(labels: frozenset[str]) -> str:
    asked = [f"EXISTS (SELECT 1 FROM {_quoted(table.name)})" for table in tables() if table.label in labels]
    return f"SELECT {' OR '.join(asked)}"


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

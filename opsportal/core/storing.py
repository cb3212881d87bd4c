"""Rows on hot paths, stored by an INSERT or an UPDATE that is composed once for each table.

The ORM composes it anew for each row, which takes longer than the database needs to store it. PostgreSQL
prepares it (`opsportal.core.prepared`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.models import AutoField, BooleanField, CharField, Field, GeneratedField, Model, TextField
from django.db.models.signals import post_save, pre_save

from opsportal.core.prepared import preparing_cursor

_BATCH = 500  # SQLite takes some 32,000 values at a time
_AS_THEY_ARE = {CharField: str, TextField: str, BooleanField: bool}
"""Fields of which a value of that very type is what the backend gets; so is None of any field."""


@dataclass(frozen=True, slots=True)
class _Insert:
    sql: str
    into: str
    key: str
    fields: tuple[Field[Any, Any], ...]


def insert(row: Model) -> None:
    """Store a new row and give it its key, as `row.save(force_insert=True)` does.

    For tables with a counted key to which nobody listens: no signals are sent.
    """
    written = _written(type(row), connection.vendor)
    with preparing_cursor() as cursor:
        cursor.execute(written.sql, _values(row, written.fields, add=True))
        row.pk = next(iter(cursor.fetchall()))[0]
    row._state.adding = False
    row._state.db = connection.alias


def insert_all(rows: Sequence[Model]) -> None:
    """Store new rows of one table, which do not learn their keys; a statement for each `_BATCH`."""
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        written = _written(type(batch[0]), connection.vendor)
        sql = f"{written.into} VALUES {_places(len(written.fields), len(batch))}"
        with preparing_cursor() if len(batch) == 1 else connection.cursor() as cursor:
            cursor.execute(sql, [value for row in batch for value in _values(row, written.fields, add=True)])


def update(row: Model) -> None:
    """Store all of a row that stands, as `row.save(force_update=True)` does; its history is told of it.

    Raises `DatabaseError` where it stands no more.
    """
    model = type(row)
    told: dict[str, Any] = {"instance": row, "raw": False, "using": DEFAULT_DB_ALIAS, "update_fields": None}
    pre_save.send(sender=model, **told)
    sql, fields = _update(model, connection.vendor)
    with preparing_cursor() as cursor:
        cursor.execute(sql, _values(row, fields, add=False))
        if cursor.rowcount != 1:
            raise DatabaseError(f"{model._meta.label} {row.pk} stands no more")
    post_save.send(sender=model, created=False, **told)


def update_all(rows: Sequence[Model]) -> None:
    """Store all of rows of one table that stand. For tables without history: nobody is told of them."""
    if not rows:
        return
    sql, fields = _update(type(rows[0]), connection.vendor)
    with connection.cursor() as cursor:
        cursor.executemany(sql, [_values(row, fields, add=False) for row in rows])


def _values(row: Model, fields: Sequence[Field[Any, Any]], *, add: bool) -> list[Any]:
    """Return what the backend gets for these fields of a row."""
    found = []
    for field in fields:
        value = field.pre_save(row, add=add)
        if value is None or type(value) is _AS_THEY_ARE.get(type(field)):
            found.append(value)
        else:
            found.append(field.get_db_prep_save(value, connection))
    return found


def _places(columns: int, rows: int) -> str:
    place = f"({', '.join(['%s'] * columns)})"
    return ", ".join([place] * rows)


@cache
def _update(model: type[Model], _vendor: str) -> tuple[str, tuple[Field[Any, Any], ...]]:
    """Return the statement, and the fields whose values it takes: the key comes last."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    fields = tuple(
        field
        for field in model._meta.local_concrete_fields
        if field is not key and not isinstance(field, GeneratedField)
    )
    columns = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    where = f"WHERE {quote(str(key.column))} = %s"
    return f"UPDATE {quote(model._meta.db_table)} SET {columns} {where}", (*fields, key)  # noqa: S608 - names alone


@cache
def _written(model: type[Model], _vendor: str) -> _Insert:
    quote = connection.ops.quote_name
    key = model._meta.pk
    if not isinstance(key, AutoField):
        raise TypeError(f"{model._meta.label} has no counted key")
    fields = tuple(
        field
        for field in model._meta.local_concrete_fields
        if field is not key and not isinstance(field, GeneratedField)
    )
    columns = ", ".join(quote(str(field.column)) for field in fields)
    into = f"INSERT INTO {quote(model._meta.db_table)} ({columns})"
    sql = f"{into} VALUES {_places(len(fields), 1)} RETURNING {quote(str(key.column))}"
    return _Insert(sql, into, str(key.column), fields)


def insert_new(rows: Sequence[Model], *, known_by: str) -> dict[Any, int]:
    """Store new rows of one table, but for those that a unique constraint keeps out.

    Returns the keys of those that were stored, by their value of the field `known_by`; a row whose value is
    missing there was kept out by one that stood already. A statement for each `_BATCH` rows. As `insert`.
    """
    stored: dict[Any, int] = {}
    quote = connection.ops.quote_name
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        written = _written(type(batch[0]), connection.vendor)
        told = next(field for field in type(batch[0])._meta.concrete_fields if field.name == known_by)
        sql = (
            f"{written.into} VALUES {_places(len(written.fields), len(batch))}"
            f" ON CONFLICT DO NOTHING RETURNING {quote(str(told.column))}, {quote(written.key)}"
        )
        values = [value for row in batch for value in _values(row, written.fields, add=True)]
        with preparing_cursor() if len(batch) == 1 else connection.cursor() as cursor:
            cursor.execute(sql, values)
            stored.update(cursor.fetchall())
    return stored

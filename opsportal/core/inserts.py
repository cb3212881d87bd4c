"""New rows on hot paths, stored by an INSERT that is composed once for each table.

The ORM composes it anew for each row, which takes longer than the database needs to store it. PostgreSQL
prepares it (`opsportal.core.prepared`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import AutoField, Field, GeneratedField, Model

from opsportal.core.prepared import preparing_cursor

_BATCH = 500  # SQLite takes some 32,000 values at a time


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
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in written.fields]
    with preparing_cursor() as cursor:
        cursor.execute(written.sql, values)
        row.pk = next(iter(cursor.fetchall()))[0]
    row._state.adding = False
    row._state.db = connection.alias


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
    places = ", ".join(["%s"] * len(fields))
    into = f"INSERT INTO {quote(model._meta.db_table)} ({columns})"
    sql = f"{into} VALUES ({places}) RETURNING {quote(str(key.column))}"
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
        place = f"({', '.join(['%s'] * len(written.fields))})"
        told = next(field for field in type(batch[0])._meta.concrete_fields if field.name == known_by)
        sql = (
            f"{written.into} VALUES {', '.join([place] * len(batch))}"
            f" ON CONFLICT DO NOTHING RETURNING {quote(str(told.column))}, {quote(written.key)}"
        )
        values = [
            field.get_db_prep_save(field.pre_save(row, add=True), connection)
            for row in batch
            for field in written.fields
        ]
        with preparing_cursor() if len(batch) == 1 else connection.cursor() as cursor:
            cursor.execute(sql, values)
            stored.update(cursor.fetchall())
    return stored

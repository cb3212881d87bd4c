"""New rows on hot paths, stored by an INSERT that is composed once for each table.

The ORM composes it anew for each row, which takes longer than the database needs to store it. PostgreSQL
prepares it (`opsportal.core.prepared`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import AutoField, Field, GeneratedField, Model

from opsportal.core.prepared import preparing_cursor


@dataclass(frozen=True, slots=True)
class _Insert:
    sql: str
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
    return _Insert(f"{into} VALUES ({places}) RETURNING {quote(str(key.column))}", fields)

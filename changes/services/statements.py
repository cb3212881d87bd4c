"""Queries of the gate that the ORM writes once, and that are run with other values ever after.

Building and compiling such a query anew takes the ORM longer than the database needs to answer it. The
text is what the ORM made, values are passed as parameters, and what comes back is converted as by the ORM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import QuerySet

# Stand-ins, one of each type, that no other parameter of a query equals.
MARKS: Mapping[str, Any] = {
    "service": "\x02service",
    "environment": "\x02environment",
    "version": "\x02version",
    "number": -9_007_199_254_740_993,
    "today": date(1901, 2, 3),
}


@dataclass(frozen=True, slots=True)
class _Written:
    sql: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]  # for each parameter the mark that it stands for, or ""
    converters: Mapping[int, tuple[list[Any], Any]]


class Statement:
    """One query. `build` makes its `values_list` from marks in place of values.

    With `lock_table` the rows of that table stay locked until the transaction ends, where the database
    can (SQLite lets one writer in at a time anyway).
    """

    def __init__(
        self, build: Callable[[Mapping[str, Any]], QuerySet[Any, Any]], *, lock_table: str = ""
    ) -> None:
        self._build = build
        self._lock_table = lock_table
        self._written: dict[str, _Written] = {}

    def rows(self, **values: Any) -> Iterator[tuple[Any, ...]]:
        """Run the query with these values for the marks of their names, and yield its rows."""
        written = self._written.get(connection.vendor)
        if written is None:
            written = self._written[connection.vendor] = self._write()
        parameters = [
            _adapted(values[name], like=parameter) if name else parameter
            for name, parameter in zip(written.names, written.parameters, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(written.sql, parameters)
            found = cursor.fetchall()
        for row in found:
            yield _converted(row, written.converters) if written.converters else tuple(row)

    def _write(self) -> _Written:
        compiler = self._build(MARKS).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        if self._lock_table and connection.features.has_select_for_update:
            table = connection.ops.quote_name(self._lock_table)
            sql += " " + connection.ops.for_update_sql(of=(table,))
        expressions = [column[0] for column in compiler.select or ()]
        names = {_key(mark): name for name, mark in MARKS.items()}
        return _Written(
            str(sql),
            tuple(parameters),
            tuple(names.get(_key(parameter), "") for parameter in parameters),
            compiler.get_converters(expressions),
        )


def _key(value: object) -> str:
    return str(value) if isinstance(value, date) else repr(value) if isinstance(value, int) else str(value)


def _adapted(value: Any, *, like: Any) -> Any:
    """Return a day as the backend passes it: as text where it passed its mark as text."""
    return str(value) if isinstance(value, date) and isinstance(like, str) else value


def _converted(row: tuple[Any, ...], converters: Mapping[int, tuple[list[Any], Any]]) -> tuple[Any, ...]:
    values = list(row)
    for position, (convert, expression) in converters.items():
        value = values[position]
        for step in convert:
            value = step(value, expression, connection)
        values[position] = value
    return tuple(values)

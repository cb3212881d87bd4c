"""Queries on hot paths that the ORM writes once, and that are run with other values ever after.

Building and compiling a query anew takes the ORM longer than the database needs to answer it. The text is
what the ORM made, values are passed as parameters, and what comes back is converted as by the ORM.

PostgreSQL prepares it (`opsportal.core.prepared`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, OperationalError, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError

from opsportal.core.prepared import answered, may_repeat, preparing_cursor

M = TypeVar("M", bound=Model)


class Marks:
    """Stand-ins for the values of a query while it is written; no other parameter equals one."""

    def __init__(self) -> None:
        self.names: dict[object, str] = {}

    def text(self, name: str) -> str:
        """Return the stand-in for the text `name`."""
        mark = f"\x02{name}\x02"
        self.names[mark] = name
        return mark

    def number(self, name: str) -> int:
        """Return the stand-in for the whole number `name`."""
        mark = -(2**53) - 1 - len(self.names)
        self.names[mark] = name
        return mark

    def identifier(self, name: str) -> UUID:
        """Return the stand-in for the UUID `name`."""
        mark = UUID(int=1 + len(self.names))
        self.names[mark] = self.names[mark.hex] = name  # SQLite gets identifiers as text
        return mark

    def day(self, name: str) -> date:
        """Return the stand-in for the day `name`."""
        mark = date(1901, 1, 1) + timedelta(days=len(self.names))
        self.names[mark] = self.names[str(mark)] = name  # SQLite gets days as text
        return mark

    def moment(self, name: str) -> datetime:
        """Return the stand-in for the instant `name`."""
        mark = datetime(1901, 1, 1, tzinfo=UTC) + timedelta(seconds=len(self.names))
        self.names[mark] = self.names[_as_text(mark)] = name  # SQLite gets instants as text
        return mark


@dataclass(frozen=True, slots=True)
class _Written:
    sql: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]  # for each parameter the name of the value that belongs there, or ""
    converters: Mapping[int, tuple[list[Any], Any]]
    bound_by_server: bool

    def filled(self, values: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        """Return what the cursor is given beside the text."""
        if self.bound_by_server:
            return values
        return [
            _adapted(values[name], like=parameter) if name else parameter
            for name, parameter in zip(self.names, self.parameters, strict=True)
        ]


class Statement:
    """One query. `build` makes its `values_list` from marks in place of values.

    With `lock_table` the rows of that table stay locked until the transaction ends, where the database
    can (SQLite lets one writer in at a time anyway).
    """

    def __init__(self, build: Callable[[Marks], QuerySet[Any, Any]], *, lock_table: str = "") -> None:
        self._build = build
        self._lock_table = lock_table
        self._written: dict[str, _Written] = {}

    def rows(self, **values: str | int | date | UUID | None) -> Iterator[tuple[Any, ...]]:
        """Run the query with these values for the marks of their names, and yield its rows."""
        written = self._written.get(connection.vendor)
        if written is None:
            written = self._written[connection.vendor] = self._write()
        for row in _run(written, values):
            yield _converted(row, written.converters) if written.converters else tuple(row)

    def _write(self) -> _Written:
        marks = Marks()
        written, _ = _composed(self._build(marks), marks, lock_table=self._lock_table)
        return written


@dataclass(frozen=True, slots=True)
class _Shape(Generic[M]):
    """How the columns of a row become an object of the table, and those that hang on it."""

    model: type[M]
    columns: slice
    names: list[str]
    related: list[Any]

    @classmethod
    def of(cls, compiler: Any) -> _Shape[M]:
        table = compiler.klass_info
        columns = slice(table["select_fields"][0], table["select_fields"][-1] + 1)
        names = [column[0].target.attname for column in compiler.select[columns]]
        # The stubs are those of a later Django.
        related = get_related_populators(table, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
        return cls(table["model"], columns, names, related)

    def made(self, row: tuple[Any, ...]) -> M:
        """Return the object of one row, as the ORM makes it."""
        made: M = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.columns])
        for related in self.related:
            related.populate(row, made)
        return made


class Objects(Generic[M]):
    """One query for rows of a table as objects. `build` makes it from marks in place of values.

    What it selects as related is there as well; annotations and prefetching are not. Rows that it selects for
    update stay locked until the transaction ends. Objects that are reached through another one, such as
    `change.targets`, do not know that one: whoever asks sets it.
    """

    def __init__(self, build: Callable[[Marks], QuerySet[M, M]]) -> None:
        self._build = build
        self._written: dict[str, tuple[_Written, _Shape[M], bool]] = {}

    def all(self, **values: str | int | date | UUID | None) -> list[M]:
        """Run the query with these values for the marks of their names, and return its objects.

        Raises `TransactionManagementError` where it is to lock rows outside a transaction.
        """
        known = self._written.get(connection.vendor)
        if known is None:
            known = self._written[connection.vendor] = self._write()
        written, shape, locks = known
        if locks and not connection.in_atomic_block:
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        return [shape.made(_converted(row, written.converters)) for row in _run(written, values)]

    def first(self, **values: str | int | date | UUID | None) -> M | None:
        """Return the first object, or None where there is none; the query itself says how many it reads."""
        return next(iter(self.all(**values)), None)

    def _write(self) -> tuple[_Written, _Shape[M], bool]:
        marks = Marks()
        query = self._build(marks)
        written, compiler = _composed(query, marks)
        return written, _Shape.of(compiler), bool(query.query.select_for_update)


def _composed(query: QuerySet[Any, Any], marks: Marks, *, lock_table: str = "") -> tuple[_Written, Any]:
    """Return what the ORM makes of a query, and who made it."""
    compiler = query.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    if lock_table and connection.features.has_select_for_update:
        sql += " " + connection.ops.for_update_sql(of=(connection.ops.quote_name(lock_table),))
    expressions = [column[0] for column in compiler.select or ()]
    names = tuple(marks.names.get(parameter, "") for parameter in parameters)
    bound = connection.vendor == "postgresql"
    text = _named(sql, parameters, names) if bound else sql
    return _Written(text, tuple(parameters), names, compiler.get_converters(expressions), bound), compiler


def _run(written: _Written, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    try:
        return _fetched(written, values)
    except OperationalError as error:
        if not may_repeat(error):
            raise
        return _fetched(written, values)


def _fetched(written: _Written, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with preparing_cursor(repeatable=not connection.in_atomic_block) as cursor:
        cursor.execute(written.sql, written.filled(values))
        found: list[tuple[Any, ...]] = cursor.fetchall()
    answered()
    return found


def _named(sql: str, parameters: Sequence[Any], names: Sequence[str]) -> str:
    """Return the text with a named place for each value, and with all that is constant written out.

    The server has to tell the type of each place: it could not tell that of a constant among columns.
    """
    first, *rest = sql.split("%s")
    ops: Any = connection.ops
    text = [first]
    for parameter, name, part in zip(parameters, names, rest, strict=True):
        constant = "" if name else ops.compose_sql("%s", [parameter]).replace("%", "%%")
        text += [constant or f"%({name})s", part]
    return "".join(text)


def _adapted(value: Any, *, like: Any) -> Any:
    """Return a day, an instant or a UUID as the backend passes it: as text where its mark was text."""
    if isinstance(value, UUID) and isinstance(like, str):
        return value.hex
    if isinstance(value, datetime) and isinstance(like, str):
        return _as_text(value)
    return str(value) if isinstance(value, date) and isinstance(like, str) else value


def _as_text(moment: datetime) -> str:
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def _converted(row: tuple[Any, ...], converters: Mapping[int, tuple[list[Any], Any]]) -> tuple[Any, ...]:
    values = list(row)
    for position, (steps, expression) in converters.items():
        value = values[position]
        for step in steps:
            value = step(value, expression, connection)
        values[position] = value
    return tuple(values)

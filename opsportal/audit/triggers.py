"""Append-only tables, held by the database itself on SQLite and PostgreSQL.

The shipped triggers have no escape that the application's role could set. They are made after every
migration, since a table rebuild on SQLite (even `AddField` with a default) drops them silently, and a
system check (`check --database default`) fails where one is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query

_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION opsportal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % only grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def append_only_models() -> list[type[models.Model]]:
    """Return every concrete model whose rows are written once, by table name."""
    found = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if getattr(model, "append_only", False) and not model._meta.proxy and model._meta.managed
    }
    return [found[table] for table in sorted(found)]


def make_triggers(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers of every append-only table that exists and lacks them, or has those of before."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_PG_FUNCTION)
        for model in append_only_models():
            if model._meta.db_table in tables:
                _guard(connection, cursor, model)


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return `table.trigger` for each trigger that should stand and does not, or is switched off."""
    tables = set(connection.introspection.table_names())
    standing = _standing(connection)
    return [
        f"{model._meta.db_table}.{name}"
        for model in append_only_models()
        if model._meta.db_table in tables
        for name in _names(connection, model._meta.db_table)
        if (model._meta.db_table, name) not in standing
    ]


@contextmanager
def deletion_allowed(connection: BaseDatabaseWrapper, model: type[models.Model]) -> Iterator[None]:
    """Let rows of one append-only table be deleted until this ends, inside the transaction that is open.

    For `manage.py purge` alone: the guard is dropped and made again in the same transaction, so nobody else
    ever meets the table without it, and a process that dies leaves it standing. On PostgreSQL this takes
    the owner of the table, and locks it. Raises `RuntimeError` without an open transaction and where the
    guard does not stand again; what the database raises passes through.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("the guard of a table is only lifted inside a transaction")
    table = model._meta.db_table
    guard = _names(connection, table)[0 if connection.vendor == "postgresql" else 1]
    place = f" ON {connection.ops.quote_name(table)}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        _settle_constraints(connection)
        cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(guard)}{place}")
        yield
        _settle_constraints(connection)
        _guard(connection, cursor, model)
    standing = _standing(connection)
    if any((table, name) not in standing for name in _names(connection, table)):
        raise RuntimeError(f"the guard of {table} does not stand again")


def _settle_constraints(connection: BaseDatabaseWrapper) -> None:
    """Check now what PostgreSQL would check at the end: it alters no table while that is outstanding."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def make_triggers_after_migrate(*, app_config: AppConfig, using: str, **_: Any) -> None:
    """React to `post_migrate`, once for each run, after the last of the apps."""
    if app_config is list(apps.get_app_configs())[-1] or app_config.models_module is not None:
        make_triggers(connections[using])


def check_triggers(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Fail `check --database` where an append-only table is not guarded."""
    return [
        checks.Error(
            f"The append-only trigger {name} is missing.", hint="Run manage.py migrate.", id="audit.E001"
        )
        for alias in databases or []
        for name in missing_triggers(connections[alias])
    ]


def _names(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    # PostgreSQL cuts names at 63 bytes; trigger names are per table there, per database on SQLite.
    if connection.vendor == "postgresql":
        return ["append_only_rows", "append_only_truncate"]
    return [f"append_only_update_{table}", f"append_only_delete_{table}", f"append_only_insert_{table}"]


def _standing(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
                " AND c.relnamespace = current_schema()::regnamespace"
            )
        else:
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        return {(table, name) for table, name in cursor.fetchall()}


def _guard(connection: BaseDatabaseWrapper, cursor: Any, model: type[models.Model]) -> None:
    """Make the triggers of one table as they should be."""
    if connection.vendor == "postgresql":
        for statement in _on_postgresql(connection, model):
            cursor.execute(statement)
        return
    cursor.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [model._meta.db_table]
    )
    standing = dict(cursor.fetchall())
    for name, statement in _on_sqlite(connection, model).items():
        if standing.get(name) != statement:
            cursor.execute(f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}")
            cursor.execute(statement)


def _on_postgresql(connection: BaseDatabaseWrapper, model: type[models.Model]) -> list[str]:
    table = model._meta.db_table
    quoted = connection.ops.quote_name(table)
    rows, truncate = _names(connection, table)
    return [
        f"CREATE OR REPLACE TRIGGER {rows} BEFORE UPDATE OR DELETE ON {quoted}"
        " FOR EACH ROW EXECUTE FUNCTION opsportal_append_only()",
        f"CREATE OR REPLACE TRIGGER {truncate} BEFORE TRUNCATE ON {quoted}"
        " FOR EACH STATEMENT EXECUTE FUNCTION opsportal_append_only()",
        f"ALTER TABLE {quoted} ENABLE ALWAYS TRIGGER {rows}",
        f"ALTER TABLE {quoted} ENABLE ALWAYS TRIGGER {truncate}",
    ]


def _on_sqlite(connection: BaseDatabaseWrapper, model: type[models.Model]) -> dict[str, str]:
    """Return the triggers of a table by name, in the words in which SQLite keeps them."""
    table = model._meta.db_table
    quoted = connection.ops.quote_name(table)
    refuse = f"SELECT RAISE(ABORT, 'table {table} only grows')"
    # INSERT OR REPLACE deletes the row in its way without firing the DELETE trigger unless
    # recursive_triggers is on, so a guard on INSERT stands whatever the connection's pragmas are.
    in_the_way = " OR ".join(
        f"EXISTS (SELECT 1 FROM {quoted} WHERE {same})"  # noqa: S608 - names of our own models
        for same in _same_keys(connection, model)
    )
    moments = ("UPDATE", "DELETE", "INSERT")
    conditions = ("", "", f" WHEN {in_the_way}")
    return {
        name: f"CREATE TRIGGER {connection.ops.quote_name(name)} BEFORE {moment} ON {quoted}{when}"
        f" BEGIN {refuse}; END"
        for name, moment, when in zip(_names(connection, table), moments, conditions, strict=True)
    }


def _same_keys(connection: BaseDatabaseWrapper, model: type[models.Model]) -> list[str]:
    """Return a condition for each key of the table by which a standing row would have to give way to NEW."""
    meta = model._meta
    keys = [[field.name] for field in meta.concrete_fields if field.unique]
    keys += [list(names) for names in meta.unique_together]
    found = [_same([_quoted(connection, model, name) for name in names]) for names in keys]
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            compiled = _Compiled.of(connection, model, constraint)
            same = _same(compiled.expressions)
            if compiled.condition:
                same += f" AND ({compiled.condition}) AND ({_of_new(compiled.condition)})"
            found.append(same)
    return found


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A unique constraint in the words of the database: columns stand quoted and without their table."""

    expressions: list[str]
    condition: str

    @classmethod
    def of(
        cls, connection: BaseDatabaseWrapper, model: type[models.Model], constraint: models.UniqueConstraint
    ) -> _Compiled:
        query = Query(model, alias_cols=False)
        compiler = query.get_compiler(connection=connection)
        editor = connection.SchemaEditorClass(connection, collect_sql=True)

        def text(sql: str, parameters: Iterable[Any]) -> str:
            return sql % tuple(editor.quote_value(value) for value in parameters)

        columns = [_quoted(connection, model, name) for name in constraint.fields]
        expressions: Iterable[Any] = constraint.expressions
        resolved = [one.resolve_expression(query) for one in expressions]
        condition = constraint.condition
        where = (
            query.build_where(condition).as_sql(compiler, connection) if condition is not None else ("", ())
        )
        return cls([*columns, *(text(*compiler.compile(one)) for one in resolved)], text(*where))


def _same(expressions: Iterable[str]) -> str:
    return " AND ".join(f"{one} = {_of_new(one)}" for one in expressions)


def _of_new(expression: str) -> str:
    """Return an expression about the standing row as one about the row that is to come."""
    return re.sub(r'"\w+"', r"NEW.\g<0>", expression)


def _quoted(connection: BaseDatabaseWrapper, model: type[models.Model], name: str) -> str:
    return str(connection.ops.quote_name(str(_column(model, name))))


def _column(model: type[models.Model], name: str) -> str | None:
    field = model._meta.get_field(name)
    return field.column if isinstance(field, models.Field) else None

"""Databases that a test may really commit to, made by copying: history tables refuse DELETE and TRUNCATE.

Django resets the database of a transaction test by flushing it, which the product's append-only triggers
forbid. So each such test gets a copy of the migrated database (`tests.migrated`): on PostgreSQL by
``CREATE DATABASE … TEMPLATE``, used again where it can be made as it was, on SQLite by copying a file.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from opsportal import embedded

ROLLED_BACK = "_rolled_back"
"""How the name of a PostgreSQL database ends to which no test commits."""

_numbers = itertools.count(1)
_IN_MEMORY = "file:memorydb_default?mode=memory&cache=shared"
_MIGRATING = "file:migrating?mode=memory&cache=shared"


class Database:
    """One database of a test, with the environment that points other processes to it."""

    def __init__(self, name: str, env: dict[str, str]) -> None:
        """`name` is Django's NAME: a database of the server, or the path of a SQLite file."""
        self.name = name
        self.env = env


class PostgresTemplates:
    """Copies of one database on a PostgreSQL server that nobody is connected to."""

    def __init__(self, template: str, *, again: bool = True) -> None:
        """Copy the database `template`; `again`: a copy is used again where that is possible."""
        self._address = os.environ["DATABASE_URL"]
        self.template = template
        self._again = again
        self._spare: list[tuple[str, _Shape]] = []

    @classmethod
    def migrated(cls, key: str, kept: Path) -> PostgresTemplates:
        """Return copies of the database `key`, made from the dump `kept` or by all migrations (then kept).

        A server that was there already keeps the database itself: nothing is dumped then.
        """
        templates = cls(f"migrated_{key}")
        if templates._exists():
            return templates
        begun = Database(f"{templates.template}_begun", {})
        templates._drop(begun.name)
        templates._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(begun.name)))
        ours = "TEST_POSTGRES_BIN" in os.environ
        if ours and kept.exists():
            templates._call("psql", begun.name, "-qXo", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", str(kept))
        else:
            with connected_to(begun):
                call_command("migrate", verbosity=0)
            if ours:
                templates._call("pg_dump", begun.name, "-f", f"{kept}.begun")
                Path(f"{kept}.begun").replace(kept)
        names = sql.Identifier(begun.name), sql.Identifier(templates.template)
        templates._execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
        return templates

    def _exists(self) -> bool:
        with psycopg.connect(self._address) as admin:
            found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.template])
            return found.fetchone() is not None

    def _call(self, program: str, database: str, *options: str) -> None:
        path = Path(os.environ["TEST_POSTGRES_BIN"]) / program
        subprocess.run([path, self._address_of(database), *options], check=True)

    def _address_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self._address)._replace(path=f"/{name}"))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._address, autocommit=True) as admin:
            admin.execute(statement)

    def _copy(self, source: str, target: str) -> None:
        # FILE_COPY is the quicker way on a server that does not fsync.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._execute(statement.format(sql.Identifier(target), sql.Identifier(source)))

    def _drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def copy(self, _folder: Path) -> Iterator[Database]:
        """Yield a database like the template; afterwards nobody is connected to it any more.

        It is kept for who asks next where it can be made as it was: a new one takes more than a second.
        """
        name, as_new = self._spare.pop() if self._spare else self._new(f"{os.getpid()}_{next(_numbers)}")
        try:
            yield Database(name, {"DATABASE_URL": self._address_of(name)})
        finally:
            if self._again and self._made_new(name, as_new):
                self._spare.append((name, as_new))
            else:
                self._drop(name)

    def _new(self, number: str) -> tuple[str, _Shape]:
        name = f"{self.template}_{number}"
        self._copy(self.template, name)
        with psycopg.connect(self._address_of(name), autocommit=True) as inside:
            return name, _Shape.of(inside)

    def _made_new(self, name: str, as_new: _Shape) -> bool:
        """Empty what tests have filled; False where that does not make the database what it was."""
        with psycopg.connect(self._address_of(name), autocommit=True) as inside:
            inside.execute(_END_OTHERS)
            return as_new.restored(inside)

    def of_copy(self, database: Database) -> PostgresTemplates:
        """Return copies of a copy that somebody has filled and let go; each is a new one."""
        return PostgresTemplates(database.name, again=False)

    @contextmanager
    def to_roll_back(self, _folder: Path) -> Iterator[Database]:
        """Yield the database of a process, in which each test rolls back what it did."""
        name = f"{self.template}_{os.getpid()}{ROLLED_BACK}"
        self._copy(self.template, name)
        yield Database(name, {"DATABASE_URL": self._address_of(name)})
        self._drop_from_others_server(name)

    def close(self) -> None:
        """Drop what is kept."""
        while self._spare:
            self._drop_from_others_server(self._spare.pop()[0])

    def _drop_from_others_server(self, name: str) -> None:
        """Drop it, unless the whole server goes with the run: that is quicker."""
        if "TEST_POSTGRES_BIN" not in os.environ:
            self._drop(name)


_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_OUR_TABLES = """
SELECT relname, pg_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_COUNTERS = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
# Whoever defines, alters, grants or analyzes writes a new row into one of these.
_DEFINED = "SELECT md5(concat({}))".format(
    ", ".join(
        f"(SELECT string_agg({key}::text || ':' || xmin::text, ',' ORDER BY {order}) FROM {catalogue}"
        f" WHERE {key} >= 16384)"
        for catalogue, key, order in (
            ("pg_class", "oid", "oid"),
            ("pg_attribute", "attrelid", "attrelid, attnum"),
            ("pg_trigger", "oid", "oid"),
            ("pg_constraint", "oid", "oid"),
            ("pg_default_acl", "oid", "oid"),
            ("pg_statistic", "starelid", "starelid, staattnum"),
        )
    )
    + ", (SELECT string_agg(oid::text || ':' || xmin::text, ',' ORDER BY oid) FROM pg_namespace)"
    + ", (SELECT string_agg(oid::text || prosrc, ',' ORDER BY oid) FROM pg_proc WHERE oid >= 16384)"
)
_GUARD = "SELECT pg_get_functiondef('opsportal_append_only'::regproc)"
_GUARD_THAT_LETS_GO = """
CREATE OR REPLACE FUNCTION opsportal_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'
"""
_FORGET = sql.SQL("DELETE FROM {}")
_COUNT_ANEW = sql.SQL("SELECT setval({}, 1, false)")
_MUCH = 8_000_000
"""Bytes in tables from which on a new database is the better one."""


@dataclass(frozen=True)
class _Shape:
    """What a new database is like: how it is defined, which tables have rows, and which."""

    defined: str
    rows: dict[str, str]
    counters: frozenset[str]

    @classmethod
    def of(cls, inside: psycopg.Connection[Any]) -> _Shape:
        tables = [name for name, _ in inside.execute(_OUR_TABLES)]
        counters = frozenset(name for (name,) in inside.execute(_COUNTERS))
        return cls(_defined(inside), {name: _digest(inside, name) for name in tables}, counters)

    def restored(self, inside: psycopg.Connection[Any]) -> bool:
        """Empty the tables that were empty; whether all is as it was then."""
        filled = dict(inside.execute(_OUR_TABLES).fetchall())
        if sum(filled.values()) > _MUCH or _defined(inside) != self.defined:
            return False
        if any(_digest(inside, name) != digest for name, digest in self.rows.items()):
            return False
        moved = {name for (name,) in inside.execute(_COUNTERS)} - self.counters
        (guard,) = inside.execute(_GUARD).fetchone() or ("",)
        # No foreign key is looked at meanwhile, and the append-only tables let go: all in one transaction.
        statements: list[sql.Composable] = [sql.SQL("SET session_replication_role = replica")]
        statements += [sql.SQL(_GUARD_THAT_LETS_GO)]
        ours = [sql.Identifier(name) for name in sorted(filled.keys() - self.rows)]
        statements += [_FORGET.format(name) for name in ours]
        statements += [_COUNT_ANEW.format(sql.Literal(name)) for name in sorted(moved)]
        inside.execute(sql.SQL("; ").join([*statements, sql.SQL(guard)]))
        if ours:  # rows begin at the first place again: the order in which they lie is that of a new table
            inside.execute(sql.SQL("VACUUM {}").format(sql.SQL(", ").join(ours)))
        return True


def _defined(inside: psycopg.Connection[Any]) -> str:
    found = inside.execute(sql.SQL(_DEFINED)).fetchone()
    assert found is not None
    return str(found[0])


def _digest(inside: psycopg.Connection[Any], table: str) -> str:
    asked = sql.SQL("SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} AS t")
    found = inside.execute(asked.format(sql.Identifier(table))).fetchone()
    assert found is not None
    return str(found[0])


class SqliteTemplates:
    """Copies of one SQLite file."""

    def __init__(self, template: Path) -> None:
        """Copy the file `template`."""
        self.template = template

    @classmethod
    def migrated(cls, _key: str, kept: Path) -> SqliteTemplates:
        """Return copies of the file `kept`, made by all migrations where it is missing."""
        if not kept.exists():
            begun = Path(f"{kept}.begun")
            begun.unlink(missing_ok=True)
            with connected_to(Database(_MIGRATING, {})):
                call_command("migrate", verbosity=0)
                with closing(sqlite3.connect(begun)) as target:
                    connection.connection.backup(target)
            begun.replace(kept)
        return cls(kept)

    def close(self) -> None:
        """Nothing is kept."""

    @contextmanager
    def to_roll_back(self, _folder: Path) -> Iterator[Database]:
        """Yield the database of a process, in memory; each test rolls back what it did."""
        with closing(sqlite3.connect(_IN_MEMORY, uri=True)) as held:
            with closing(sqlite3.connect(self.template)) as source:
                source.backup(held)
            yield Database(_IN_MEMORY, {})

    @contextmanager
    def copy(self, folder: Path) -> Iterator[Database]:
        """Yield a new database file in the data folder `folder`, where a portal process finds it, too."""
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / embedded.DATABASE_NAME
        shutil.copyfile(self.template, path)
        yield Database(str(path), {"OPSPORTAL_DATA": str(folder)})

    def of_copy(self, database: Database) -> SqliteTemplates:
        """Return copies of a copy that somebody has filled and let go."""
        with sqlite3.connect(database.name) as filled:
            filled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        filled.close()
        return SqliteTemplates(Path(database.name))


Templates = PostgresTemplates | SqliteTemplates


@contextmanager
def connected_to(database: Database) -> Iterator[None]:
    """Let Django's default connection, in this thread and in new ones, point to `database`."""
    settings = connections.settings["default"]  # new threads make their connections from this
    before = settings["NAME"]
    held = connection.connection  # an in-memory database lives only as long as its connection
    assert not connection.in_atomic_block, "a test with real commits cannot also use the django_db mark"
    if connection.vendor != "sqlite":
        connections.close_all()
        held = None
    connection.connection = None
    connection.settings_dict["NAME"] = settings["NAME"] = database.name
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = settings["NAME"] = before
        connection.connection = held

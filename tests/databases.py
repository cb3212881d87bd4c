"""Databases that a test may really commit to, made by copying: history tables refuse DELETE and TRUNCATE.

Django resets the database of a transaction test by flushing it, which the product's append-only triggers
forbid. So each such test gets a copy of the migrated database (`tests.migrated`): on PostgreSQL by
``CREATE DATABASE … TEMPLATE``, on SQLite by copying a file.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from opsportal import embedded

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

    def __init__(self, template: str) -> None:
        """Copy the database `template`."""
        self._address = os.environ["DATABASE_URL"]
        self.template = template

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
        """Yield a new database; it is dropped afterwards, whoever is still connected."""
        name = f"{self.template}_{os.getpid()}_{next(_numbers)}"
        self._copy(self.template, name)
        try:
            yield Database(name, {"DATABASE_URL": self._address_of(name)})
        finally:
            self._drop(name)

    def of_copy(self, database: Database) -> PostgresTemplates:
        """Return copies of a copy that somebody has filled and let go."""
        return PostgresTemplates(database.name)

    def to_roll_back(self, folder: Path) -> AbstractContextManager[Database]:
        """Yield the database of a process, in which each test rolls back what it did."""
        return self.copy(folder)


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

"""Databases that a test may really commit to, made by copying: history tables refuse DELETE and TRUNCATE.

Django resets the database of a transaction test by flushing it, which the product's append-only triggers
forbid. So each such test gets a copy of the migrated test database: on PostgreSQL by ``CREATE DATABASE …
TEMPLATE``, on SQLite by copying a file.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection, connections
from psycopg import sql

from opsportal import embedded

_numbers = itertools.count(1)


class Database:
    """One database of a test, with the environment that points other processes to it."""

    def __init__(self, name: str, env: dict[str, str]) -> None:
        """`name` is Django's NAME: a database of the server, or the path of a SQLite file."""
        self.name = name
        self.env = env


_START_NUMBERS_AGAIN = """
DO $$ DECLARE one record; BEGIN
    FOR one IN
        SELECT s.relname AS sequence, t.relname AS home, a.attname AS key
        FROM pg_class s
        JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
        JOIN pg_class t ON t.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format(
            'SELECT setval(%L, COALESCE((SELECT max(%I) FROM %I), 0) + 1, false)',
            one.sequence, one.key, one.home
        );
    END LOOP;
END $$
"""


class PostgresTemplates:
    """Copies of one database on a PostgreSQL server that nobody is connected to."""

    def __init__(self, template: str) -> None:
        """Copy the database `template`."""
        self._address = os.environ["DATABASE_URL"]
        self.template = template

    @classmethod
    def of_test_database(cls, _folder: Path) -> PostgresTemplates:
        """Copy the test database that Django is connected to: what migrations made, and no more."""
        source = str(connection.settings_dict["NAME"])
        templates = cls(f"{source}_template")
        connections.close_all()  # a database that somebody is connected to cannot be copied
        templates._drop(templates.template)
        templates._copy(source, templates.template)
        templates._start_numbers_again()
        return templates

    def _start_numbers_again(self) -> None:
        # Tests that rolled back have left the sequences where they were: keys would not start at 1.
        with psycopg.connect(self._address_of(self.template), autocommit=True) as template:
            template.execute(_START_NUMBERS_AGAIN)

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
        name = f"{self.template}_{next(_numbers)}"
        self._copy(self.template, name)
        try:
            yield Database(name, {"DATABASE_URL": self._address_of(name)})
        finally:
            self._drop(name)

    def of_copy(self, database: Database) -> PostgresTemplates:
        """Return copies of a copy that somebody has filled and let go."""
        return PostgresTemplates(database.name)

    def remove(self) -> None:
        """Drop the template."""
        self._drop(self.template)


class SqliteTemplates:
    """Copies of one SQLite file."""

    def __init__(self, template: Path) -> None:
        """Copy the file `template`."""
        self.template = template

    @classmethod
    def of_test_database(cls, folder: Path) -> SqliteTemplates:
        """Copy the test database that Django is connected to (it may be in memory) to a file in `folder`."""
        templates = cls(folder / "template.sqlite3")
        connection.ensure_connection()
        with sqlite3.connect(templates.template) as target:
            connection.connection.backup(target)
        target.close()
        return templates

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

    def remove(self) -> None:
        """Remove the template."""
        self.template.unlink(missing_ok=True)


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

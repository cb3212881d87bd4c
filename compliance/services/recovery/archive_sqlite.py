"""The portal's SQLite database into an archive and back: a copy by SQLite's own backup, page for page."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from compliance.recovery.manifest import TableSum

PAGES = 2_000
"""So many pages are copied between two looks at whether somebody else writes."""


def snapshot(database: Path, copy: Path) -> None:
    """Copy the database as it is at one instant to `copy`, while others read and write.

    A reader's transaction on the source keeps all pages as they were when it began. Raises `sqlite3.Error`.
    """
    with closing(_reader(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=PAGES)
        source.rollback()
        # A copy is one file, without a journal beside it.
        target.execute("PRAGMA journal_mode=DELETE")


def used_tables(database: Path) -> set[str]:
    """Return the tables of a database file that have rows; none where there is no file."""
    if not database.exists():
        return set()
    with closing(_reader(database)) as connection:
        return {
            name
            for name in _tables(connection)
            if connection.execute(f"SELECT 1 FROM {_quoted(name)} LIMIT 1").fetchone()  # noqa: S608
        }


def is_whole(copy: Path) -> str:
    """Return what SQLite's own checks find wrong with a database file, `""` for nothing."""
    try:
        with closing(sqlite3.connect(copy)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                return str(found)
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return f"a row of {broken[0]} points to nothing" if broken else ""


def table_sums(copy: Path) -> dict[str, TableSum]:
    """Return number and hash of the rows of each table in a database file that nobody writes to."""
    with closing(sqlite3.connect(copy)) as connection:
        return {name: _sum(connection, name) for name in _tables(connection)}


def applied_migrations(copy: Path) -> tuple[tuple[str, str], ...]:
    """Return (app, name) of the migrations that a database file says were applied."""
    with closing(sqlite3.connect(copy)) as connection:
        rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    return tuple((str(app), str(name)) for app, name in rows)


def stored_files(copy: Path) -> list[str]:
    """Return the hashes of the files whose bytes the database file counts on."""
    with closing(sqlite3.connect(copy)) as connection:
        rows = connection.execute("SELECT sha256 FROM files_storedfile WHERE state <> 'purged' ORDER BY 1")
        return [str(sha256) for (sha256,) in rows]


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the ordinary tables; those that a virtual one keeps behind itself follow from it."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
    found = [(str(name), str(sql or "")) for name, sql in rows]
    virtual = [name for name, sql in found if sql.upper().startswith("CREATE VIRTUAL")]
    return [
        name
        for name, _ in found
        if name not in virtual
        and not name.startswith("sqlite_")
        and not any(name.startswith(f"{one}_") for one in virtual)
    ]


def _sum(connection: sqlite3.Connection, table: str) -> TableSum:
    digest, rows = hashlib.sha256(), 0
    for row in connection.execute(f"SELECT * FROM {_quoted(table)} ORDER BY rowid"):  # noqa: S608
        rows += 1
        for part in _plain(row):
            digest.update(part)
    return TableSum(rows, digest.hexdigest())


def _reader(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=60)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(row: tuple[object, ...]) -> Iterator[bytes]:
    """Yield each value of a row with its kind and length, so that no two rows read alike."""
    yield struct.pack(">I", len(row))
    for value in row:
        match value:
            case None:
                kind, content = b"N", b""
            case int():
                kind, content = b"I", str(value).encode()
            case float():
                kind, content = b"F", struct.pack(">d", value)
            case bytes():
                kind, content = b"B", value
            case _:
                kind, content = b"T", str(value).encode("utf-8", "surrogatepass")
        yield kind + struct.pack(">Q", len(content))
        yield content

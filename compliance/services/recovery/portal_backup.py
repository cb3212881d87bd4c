"""A backup of the portal itself, while it runs."""

from __future__ import annotations

import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

from django.db import connection

from compliance.recovery.manifest import Manifest, TableSum
from compliance.services.recovery import archive as packing
from compliance.services.recovery import archive_postgres, archive_sqlite


def portal_backup(path: Path, *, now: datetime) -> Manifest:
    """Write a backup of database and stored files to `path`, and return what it says of itself.

    `now` (aware UTC) is when it began: nothing that was committed before it is missing. Others read and write
    meanwhile. What was there under that name is replaced when the new one is whole. Raises `OSError` and
    what the database raises; then nothing stands there that did not before.
    """
    with packing.written(path) as archive:
        if connection.vendor == "postgresql":
            manifest = _postgres(archive, now)
        else:
            manifest = _sqlite(archive, now, path.parent)
        archive.writestr(packing.MANIFEST, manifest.as_json())
    return manifest


def _sqlite(archive: zipfile.ZipFile, now: datetime, folder: Path) -> Manifest:
    # The copy lies beside the archive: a folder for temporary files may be too small for it.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as scratch:
        copy = Path(scratch) / packing.SQLITE
        archive_sqlite.snapshot(Path(str(connection.settings_dict["NAME"])), copy)
        archive.write(copy, packing.SQLITE)
        sizes, missing = packing.put_files(archive, archive_sqlite.stored_files(copy))
        return Manifest(
            vendor="sqlite",
            made_at=now,
            migrations=archive_sqlite.applied_migrations(copy),
            tables=archive_sqlite.table_sums(copy),
            sequences={},
            files=sizes,
            missing=missing,
        )


def _postgres(archive: zipfile.ZipFile, now: datetime) -> Manifest:
    sums: dict[str, TableSum] = {}
    with archive_postgres.one_instant(connection) as cursor:
        names = archive_postgres.tables(cursor)
        for name in names:

            def fill(write: archive_postgres.Sink, table: str = name) -> None:
                sums[table] = archive_postgres.copy_out(cursor, table, write)

            packing.put_stream(archive, f"tables/{name}.copy", fill)
        # Read after the rows: a sequence only ever runs ahead of them.
        counted = archive_postgres.sequences(cursor)
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = tuple((str(app), str(migration)) for app, migration in cursor.fetchall())
        cursor.execute("SELECT sha256 FROM files_storedfile WHERE state <> 'purged' ORDER BY sha256")
        stored = [str(sha256) for (sha256,) in cursor.fetchall()]
    sizes, missing = packing.put_files(archive, stored)
    return Manifest("postgresql", now, migrations, sums, counted, sizes, missing)

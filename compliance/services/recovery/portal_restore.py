"""The portal from a backup, into an empty database, held against what the backup says of itself."""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from compliance.recovery.manifest import Manifest, TableSum, differences
from compliance.services.recovery import archive as packing
from compliance.services.recovery import archive_postgres, archive_sqlite
from opsportal.core.errors import Conflict
from opsportal.core.migrating import QuickExecutor

MADE_BY_MIGRATE = frozenset({"django_migrations", "django_content_type", "auth_permission", "django_site"})
"""Tables that have rows in a database that was set up and that nobody has used."""


def portal_restore(path: Path) -> Manifest:
    """Restore the backup at `path` into this process's database, which must be empty; return its manifest.

    Database first, whole and verified or not at all; then the stored files; then newer migrations. Repeated
    after it broke off, it goes through. Raises `BadArchiveError` (also where what was restored is not what
    was backed up), `Conflict` (`not_empty`, `other_database`, `newer_portal`), `OSError`, and what the
    database raises.
    """
    with packing.opened(path) as (archive, manifest):
        if manifest.vendor != connection.vendor:
            raise Conflict(
                f"It is a backup of {manifest.vendor}, and this database is {connection.vendor}.",
                code="other_database",
            )
        _require_known(manifest)
        _require_empty()
        if connection.vendor == "postgresql":
            _postgres(archive, manifest)
        else:
            _sqlite(archive, manifest)
        packing.take_files(archive, manifest)
    # Newer migrations than the backup's, and what follows every one: triggers, content types.
    call_command("migrate", interactive=False, verbosity=0)
    return manifest


def _require_known(manifest: Manifest) -> None:
    """Raise `Conflict` where the backup was made by a newer portal than this one."""
    known = set(MigrationLoader(None).disk_migrations or {})
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if unknown:
        raise Conflict(
            f"It was made by a newer portal, which knows {unknown[0]}. Install that release, then restore.",
            code="newer_portal",
        )


def _require_empty() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            used = {name for name, has_rows in archive_postgres.row_counts(cursor).items() if has_rows}
    else:
        used = archive_sqlite.used_tables(Path(str(connection.settings_dict["NAME"])))
    if strange := sorted(used - MADE_BY_MIGRATE):
        raise Conflict(
            f"This database is not empty ({strange[0]} has rows). Restore into a new one.", code="not_empty"
        )


def _sqlite(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    database = Path(str(connection.settings_dict["NAME"]))
    restoring = database.with_name(database.name + ".restoring")
    connection.close()
    try:
        packing.extract(archive, packing.SQLITE, restoring)
        if wrong := archive_sqlite.is_whole(restoring):
            raise packing.BadArchiveError(f"its database is damaged: {wrong[:120]}")
        _require_same(manifest, archive_sqlite.table_sums(restoring))
        for ending in ("-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
        restoring.replace(database)
    except sqlite3.Error as error:
        raise packing.BadArchiveError(f"its database is damaged: {str(error)[:120]}") from None
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            restoring.with_name(restoring.name + ending).unlink(missing_ok=True)


def _postgres(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    _migrate_to(manifest)
    with transaction.atomic(), connection.cursor() as cursor:
        archive_postgres.settle(cursor)
        names = archive_postgres.tables(cursor)
        # Foreign keys are asked at the end of the transaction, so the order does not matter.
        archive_postgres.empty(cursor, [name for name in names if name in MADE_BY_MIGRATE])
        for name in sorted(manifest.tables):
            if name not in names:
                raise packing.BadArchiveError(f"this portal has no table {name[:60]}")
            archive_postgres.copy_in(cursor, name, packing.blocks(archive, f"tables/{name}.copy"))
        for name, value in manifest.sequences.items():
            archive_postgres.set_sequence(cursor, name, value)
        found = {name: archive_postgres.copy_out(cursor, name) for name in names}
        _require_same(manifest, found)


def _migrate_to(manifest: Manifest) -> None:
    """Make the tables as they were when the backup was made."""
    executor = QuickExecutor(connection)
    applied = set(manifest.migrations)
    graph = executor.loader.graph
    targets = [
        key
        for key in sorted(applied & set(graph.nodes))
        if not any(child.key in applied and child.key[0] == key[0] for child in graph.node_map[key].children)
    ]
    executor.migrate(targets)


def _require_same(manifest: Manifest, found: dict[str, TableSum]) -> None:
    if lines := differences(manifest.tables, found):
        raise packing.BadArchiveError(f"what was restored is not what was backed up: {lines[0]}")

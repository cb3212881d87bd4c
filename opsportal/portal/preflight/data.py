"""Database, broker and disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from opsportal import embedded
from opsportal.audit.triggers import missing_triggers
from opsportal.outbox.broker import broker_check
from opsportal.portal.preflight.finding import Finding, fail, ok, warn

OLDEST_POSTGRESQL = 150_000
"""As libpq numbers versions: 15.0."""
FAIL_BELOW = 500 * 1024**2
WARN_BELOW = 5 * 1024**3
"""Free bytes on a disk."""


def database_finding() -> Finding:
    """Whether the database answers, what it is, and whether its own append-only guard can be switched off."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return fail("database", "the database does not answer; see DATABASE_URL")
    if connection.vendor != "postgresql":
        return ok("database", f"SQLite, for one machine: {connection.settings_dict['NAME']}")
    version = connection.cursor().connection.info.server_version
    if version < OLDEST_POSTGRESQL:
        return fail("database", f"PostgreSQL {version // 10_000} is too old; 15 or newer is needed")
    if _owns_tables():
        return warn(
            "database",
            f"PostgreSQL {version // 10_000}, but the portal runs as the owner of its tables, who could "
            "switch the append-only triggers off; see docs/operate.md, two roles",
        )
    return ok("database", f"PostgreSQL {version // 10_000}, not as the owner of its tables")


def _owns_tables() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_or(pg_has_role(current_user, c.relowner, 'USAGE')) FROM pg_class c"
            " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
        )
        (owns,) = cursor.fetchone() or (False,)
    return bool(owns)


def migrations_finding() -> Finding:
    """Whether the tables are those that this code knows."""
    waiting = waiting_migrations()
    if waiting:
        return fail("migrations", f"{waiting} are waiting; run manage.py migrate")
    return ok("migrations", "all in place")


def waiting_migrations() -> int:
    """Return how many migrations the database has not had yet."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def triggers_finding() -> Finding:
    """Whether every append-only table is guarded."""
    missing = list(missing_triggers(connection))
    if missing:
        return fail(
            "triggers", f"{len(missing)} are missing ({missing[0]} …); run manage.py migrate as the owner"
        )
    return ok("triggers", "history and audit entries are append-only")


def broker_finding() -> Finding:
    """Whether the broker answers."""
    holds, detail = broker_check()
    if holds:
        return ok("broker", detail)
    if embedded.uses_embedded_broker():
        return warn("broker", "the embedded broker is not running; make run starts it")
    return fail("broker", f"{detail}; see REDIS_URL")


def disk_findings() -> Iterator[Finding]:
    """The folders that are written to: writable, and with room."""
    folders = {"disk": embedded.data_folder(), "files": Path(settings.FILES_FOLDER)}
    for name, folder in folders.items():
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(there, os.W_OK):
            yield fail(name, f"{there} cannot be written to")
            continue
        free = shutil.disk_usage(there).free
        words = f"{free / 1024**3:.1f} GiB free in {folder}"
        yield (
            fail(name, words)
            if free < FAIL_BELOW
            else warn(name, words)
            if free < WARN_BELOW
            else ok(name, words)
        )

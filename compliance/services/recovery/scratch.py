"""Restoring a backup where it disturbs nobody: in a process of its own, on a database that is deleted again.

The process does exactly what a restore after a disaster does, with the settings of this one.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from opsportal.core.errors import Conflict

LONGEST = 3_600
"""Seconds after which a restore that hangs is ended."""
MAX_FINDINGS = 2_000


@dataclass(frozen=True, slots=True)
class Tried:
    """What trying to restore came to: the rung of the ladder, whether all went well, and what was found."""

    level: str
    passed: bool
    findings: str


def scratch_restore(path: Path) -> Tried:
    """Restore the backup at `path` into a scratch database, verify it, ask the portal on it, delete it all.

    Returns `checksum` as the level where nothing could be restored: that the file is the one that was
    reported is all that is known then. Raises `Conflict` where no scratch database can be made.
    """
    with tempfile.TemporaryDirectory(prefix="opsportal-scratch-") as folder, _database(Path(folder)) as url:
        done = subprocess.run(
            [sys.executable, "-m", "django", "restore", str(path), "--smoke", "--json"],
            env=_environment(Path(folder), url),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["It ended without a word."]
        return Tried("checksum", False, lines[-1].removeprefix("CommandError: ")[:MAX_FINDINGS])
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    found = (
        f"{told['rows']} rows of {told['tables']} tables and {told['files']} files were restored, verified."
    )
    if told.get("wrong"):
        return Tried(told["level"], False, f"{found} But: {told['wrong']}"[:MAX_FINDINGS])
    return Tried(told["level"], True, found)


def _environment(folder: Path, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "opsportal.settings"),
        "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]),
        "DATABASE_URL": url,
        "OPSPORTAL_DATA": str(folder),
        "OPSPORTAL_FILES": str(folder / "files"),
        "OPSPORTAL_STATUS_FOLDER": str(folder / "status"),
        "OPSPORTAL_SECRET_KEY": settings.SECRET_KEY,
    }


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database that is gone afterwards."""
    if connection.vendor != "postgresql":
        yield f"sqlite:///{folder / 'scratch.sqlite3'}"
        return
    given: dict[str, Any] = connection.settings_dict
    name = f"opsportal_scratch_{secrets.token_hex(6)}"
    admin = {
        "dbname": given["NAME"],
        "user": given["USER"] or None,
        "password": given["PASSWORD"] or None,
        "host": given["HOST"] or None,
        "port": given["PORT"] or None,
        "connect_timeout": 10,
    }
    with psycopg.connect(autocommit=True, **admin) as server:
        try:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            raise Conflict(
                "This role may not make a scratch database: give it CREATEDB, or run the restore elsewhere.",
                code="no_scratch",
            ) from None
        try:
            yield _url(given, name)
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _url(given: dict[str, Any], name: str) -> str:
    user = quote(given["USER"] or "", safe="")
    password = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    options = {"host": given["HOST"], "port": given["PORT"]}
    query = urlencode({key: value for key, value in options.items() if value})
    return f"postgresql://{user}{password}@/{name}?{query}"

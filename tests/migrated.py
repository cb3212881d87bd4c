"""The migrated database that every test process begins with a copy of.

Running all migrations takes longer than most files of tests. So the first process that needs a database runs
them, once for each kind, and keeps what they made in `var/test-databases` under a hash of all that makes it:
migrations, triggers, the releases of the libraries. The others copy it, and so does the next run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.databases import PostgresTemplates, SqliteTemplates, Templates
from tests.processes import ROOT

_KEPT = ROOT / "var" / "test-databases"
_MAKES_IT = (
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "opsportal/audit/**/*.py",
    "changes/search_words.py",
    "requirements-dev.txt",
)
_KINDS: dict[str, tuple[type[PostgresTemplates | SqliteTemplates], str]] = {
    "sqlite": (SqliteTemplates, "sqlite3"),
    "postgres": (PostgresTemplates, "sql"),
}


def migrated_templates() -> Templates:
    """Return copies of the migrated database of this run's kind; one process at a time makes it."""
    kind, ending = _KINDS[os.environ["TEST_DATABASE"]]
    key = _key()
    kept = _KEPT / f"{key}.{ending}"
    with _alone(ending):
        templates = kind.migrated(key, kept)
        for old in set(_KEPT.glob(f"*.{ending}")) - {kept}:
            old.unlink()
    return templates


def _key() -> str:
    found = hashlib.sha256()
    for path in sorted({path for pattern in _MAKES_IT for path in ROOT.glob(pattern)}):
        found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


@contextmanager
def _alone(name: str) -> Iterator[None]:
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / f"lock-{name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

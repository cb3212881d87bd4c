"""Collects the static files when they changed since the last time."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from opsportal import embedded


def _sources() -> Iterator[Path]:
    """Yield what the collected files depend on: our own, and the versions of everybody else's."""
    root = embedded.project_root()
    yield from (root / "requirements.txt", root / "opsportal" / "settings.py")
    for pattern in ("*/static", "opsportal/*/static"):
        for folder in sorted(root.glob(pattern)):
            yield from (file for file in sorted(folder.rglob("*")) if file.is_file())


def _wanted_stamp() -> str:
    digest = hashlib.sha256()
    for file in _sources():
        state = file.stat() if file.exists() else None
        digest.update(f"{file}\0{state and (state.st_size, state.st_mtime_ns)}\n".encode())
    return digest.hexdigest()


def collect_command() -> list[str] | None:
    """Return the command that collects the static files, or ``None`` where they are up to date.

    Whoever runs it calls `collected` when it has succeeded.
    """
    stamp = _stamp_file()
    manifest = embedded.static_root() / "staticfiles.json"
    if manifest.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == _wanted_stamp():
        return None
    command = [
        sys.executable,
        str(embedded.project_root() / "manage.py"),
        "collectstatic",
        "--noinput",
        "-v0",
    ]
    # Comes with libraries, is not served by us, and takes long to compress.
    return [*command, "--ignore", "redoc*", "--ignore", "rest_framework"]


def collected() -> None:
    """Remember that the folder is up to date."""
    aside = _stamp_file().with_suffix(f".{os.getpid()}")
    aside.write_text(_wanted_stamp(), encoding="ascii")
    aside.replace(_stamp_file())


def _stamp_file() -> Path:
    root = embedded.static_root()
    return root.with_name(f"{root.name}.stamp")  # beside the folder: what is in it gets served

"""The folder of files: bytes under their hash, whole or not at all.

A name that somebody chose is never part of a path. Several web servers share the folder by a mount.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from opsportal.core.errors import InvalidInput, TooLarge
from opsportal.files.kinds import Unwelcome, check_ending, kind_of

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written: hash, size in bytes, and what it is by its content."""

    sha256: str
    size: int
    content_type: str


def keep(chunks: Iterable[bytes], *, name: str, takes_archives: bool = False) -> Kept:
    """Write the bytes under their hash and return what they are; the same bytes twice are one file.

    They lie on the disk (fsync) when this returns. Raises `TooLarge` as soon as more came than
    `settings.FILE_MAX_BYTES`, and `InvalidInput` where the content is not taken or not what `name` says;
    then nothing stays. `takes_archives`: as `kinds.kind_of`.
    """
    incoming = _folder("incoming")
    descriptor, path = tempfile.mkstemp(dir=incoming)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            digest, size = _take(chunks, file)
            try:
                content_type = kind_of(file, takes_archives=takes_archives)
                check_ending(name, content_type, takes_archives=takes_archives)
            except Unwelcome as unwelcome:
                raise InvalidInput.of("file", unwelcome.code, unwelcome.detail) from None
            file.flush()
            os.fsync(file.fileno())
        target = path_of(digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        # Also where it is there already: the fresh file is young, so that no sweep takes it away.
        Path(path).replace(target)
        _sync_folder(target.parent)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise
    return Kept(digest, size, content_type)


def path_of(sha256: str) -> Path:
    """Return where the bytes of this hash lie, whether they do or not."""
    if not _HASH.fullmatch(sha256):
        raise ValueError("not a hash")
    return Path(settings.FILES_FOLDER) / sha256[:2] / sha256


@contextmanager
def intact(sha256: str) -> Iterator[BinaryIO | None]:
    """Open the bytes of this hash where they are there and still the same; None where they are not.

    They are read once for this, before any of them is handed on. The caller takes the open file over.
    """
    try:
        file = path_of(sha256).open("rb")
    except FileNotFoundError:
        yield None
        return
    try:
        same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        file.seek(0)
    except BaseException:
        file.close()
        raise
    if not same:
        file.close()
    yield file if same else None


def older_than(moment: datetime) -> Iterator[str]:
    """Yield the hashes of all files that were written last before `moment` (aware)."""
    for folder in _hash_folders():
        with os.scandir(folder) as entries:
            for entry in entries:
                if _HASH.fullmatch(entry.name) and entry.stat().st_mtime < moment.timestamp():
                    yield entry.name


def discard(sha256: str, *, before: datetime) -> bool:
    """Delete the bytes of this hash, unless they were written anew since `before`; return whether it did.

    Moved aside first and looked at again there: what is stored in this very moment is put back.
    """
    path = path_of(sha256)
    aside = _folder("leaving") / sha256
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if aside.stat().st_mtime >= before.timestamp():
        aside.replace(path)
        return False
    aside.unlink()
    return True


def discard_leftovers(*, before: datetime) -> None:
    """Delete what was begun before `before` (aware) and never ended: uploads that broke off."""
    for name in ("incoming", "leaving"):
        for path in _folder(name).iterdir():
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)


def _take(chunks: Iterable[bytes], file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > settings.FILE_MAX_BYTES:
            raise TooLarge(f"A file may have {settings.FILE_MAX_BYTES // 1_000_000} MB at most.")
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest(), size


def _folder(name: str) -> Path:
    folder = Path(settings.FILES_FOLDER) / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _hash_folders() -> list[Path]:
    root = Path(settings.FILES_FOLDER)
    return sorted(root.glob("[0-9a-f][0-9a-f]")) if root.is_dir() else []


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

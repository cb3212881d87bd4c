"""The one file of a backup: a ZIP with the manifest, the database, and the files that people stored.

It is written beside its name and takes it when it is whole and on the disk, so a broken-off backup is never
mistaken for one.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from compliance.recovery.manifest import MAX_BYTES, Manifest, read_manifest
from opsportal.files import store

MANIFEST = "manifest.json"
SQLITE = "database.sqlite3"
BLOCK = 1 << 20


class BadArchiveError(Exception):
    """The file is no backup of the portal, or it is damaged. Says what, in one line."""


@contextmanager
def written(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield the archive that stands under `path` once the block ends well. Raises `OSError`."""
    partial = path.with_name(path.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=6) as archive:
            yield archive
        partial.chmod(0o600)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
        _sync(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Yield an archive and its manifest. Raises `BadArchiveError` and `OSError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(MANIFEST)
            if info.file_size > MAX_BYTES:
                raise BadArchiveError("its manifest is too large")
            yield archive, read_manifest(archive.read(MANIFEST))
    except ValueError as error:
        raise BadArchiveError(str(error)) from None
    except KeyError as error:
        raise BadArchiveError(f"a part is missing: {str(error)[:120]}") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise BadArchiveError(f"it is damaged: {str(error)[:120]}") from None


def put_stream(
    archive: zipfile.ZipFile, name: str, fill: Callable[[Callable[[bytes], object]], None]
) -> None:
    """Add a part whose size is not known beforehand; `fill` gets the function that writes."""
    with archive.open(name, "w", force_zip64=True) as part:
        fill(part.write)


def blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield a part in blocks. Its own checksum is looked at when it ends (`BadZipFile`)."""
    with archive.open(name) as part:
        while block := part.read(BLOCK):
            yield block


def extract(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Write a part to a file that only its owner reads, onto the disk."""
    with target.open("wb") as file:
        target.chmod(0o600)
        for block in blocks(archive, name):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def put_files(archive: zipfile.ZipFile, hashes: list[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Add stored files; return their sizes, and the hashes of those that are missing or damaged."""
    sizes: dict[str, int] = {}
    missing: list[str] = []
    for sha256 in hashes:
        with store.intact(sha256) as file:
            if file is None:
                missing.append(sha256)
                continue
            with file, archive.open(f"files/{sha256}", "w", force_zip64=True) as part:
                sizes[sha256] = _copied(file, part.write)
    return sizes, tuple(missing)


def take_files(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Write the files of an archive to where the portal stores them. Raises `BadArchiveError` and `OSError`.

    Twice is once: each is whole under its own hash, or not there.
    """
    for sha256 in sorted(manifest.files):
        target = store.path_of(sha256)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_name(sha256 + ".restoring")
        try:
            extract(archive, f"files/{sha256}", partial)
            with partial.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise BadArchiveError(f"the file {sha256[:12]}… has other content")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def checksum_of(path: Path) -> str:
    """Return the checksum of a file as backups carry it: `sha256:` and 64 digits."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _copied(file: BinaryIO, write: Callable[[bytes], object]) -> int:
    size = 0
    while block := file.read(BLOCK):
        write(block)
        size += len(block)
    return size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

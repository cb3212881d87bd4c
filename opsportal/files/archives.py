"""Whether an archive may be kept: looked through whole, by what it declares and by what is counted. Pure.

For evidence and for answers to auditors, where spreadsheets and bundles are what people have; attachments
elsewhere take no archive at all. Refused are bombs (also those whose entries overlap), archives in archives,
links, names that climb out, encrypted entries, programs, pages and macros. Nothing is ever unpacked to the
disk.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from itertools import pairwise
from typing import BinaryIO

ZIP = "application/zip"
_OFFICE = "application/vnd.openxmlformats-officedocument."
XLSX, DOCX = f"{_OFFICE}spreadsheetml.sheet", f"{_OFFICE}wordprocessingml.document"
PPTX = f"{_OFFICE}presentationml.presentation"
ENDINGS: dict[str, str] = {"zip": ZIP, "xlsx": XLSX, "docx": DOCX, "pptx": PPTX}

MAX_ENTRIES = 1_000
MAX_BYTES = 100_000_000
MAX_RATIO = 100
_SMALL = 1_000_000
"""So much may come out of anything: a few hundred blanks pack better than a hundred to one, harmlessly."""
_MAX_DIRECTORY = 1_000_000
_END = b"PK\x05\x06"
_END_SIZE = 22
_TAIL = _END_SIZE + 65_535
_CHUNK = 64 * 1024
_NESTED = frozenset(
    [
        "zip",
        "jar",
        "war",
        "ear",
        "7z",
        "rar",
        "gz",
        "tgz",
        "bz2",
        "tbz",
        "xz",
        "txz",
        "zst",
        "tar",
        "iso",
        "cab",
        "apk",
        "dmg",
        "lz4",
        "br",
    ]
)
_RUNS = frozenset(
    [
        "html",
        "htm",
        "xhtml",
        "shtml",
        "mht",
        "mhtml",
        "svg",
        "svgz",
        "xml",
        "js",
        "mjs",
        "jse",
        "vbs",
        "vbe",
        "wsf",
        "wsh",
        "hta",
        "bat",
        "cmd",
        "com",
        "exe",
        "dll",
        "scr",
        "msi",
        "pif",
        "lnk",
        "ps1",
        "psm1",
        "jnlp",
        "reg",
        "url",
        "chm",
        "xlsm",
        "docm",
        "pptm",
        "xlam",
        "swf",
        "htaccess",
    ]
)
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|svg|\?xml|script|head|body|iframe|!--|math)", re.I
)
_NESTED_HEADS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
)
_PROGRAM_HEADS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xd0\xcf\x11\xe0")
_TYPES = "[Content_Types].xml"
_MACROS = ("vbaproject", "vbadata", "/macrosheets/", "/activex/")
"""Parts of office documents that run: macros in their two kinds, and controls."""
_NO_MACROS = "Documents with macros are not taken. Save it without them first."
_RUNNING_TYPES = re.compile(rb"macroEnabled|vbaProject|macrosheet", re.I)
_PARTS = {"xl/workbook.xml": XLSX, "word/document.xml": DOCX, "ppt/presentation.xml": PPTX}
_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)


class UnsafeArchive(Exception):  # noqa: N818 - an expected answer
    """Why this archive is not taken: a short code and words for whoever sent it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def has_archive_at_end(stream: BinaryIO) -> bool:
    """Return whether an archive hangs on what `stream` (seekable) holds, whatever it begins with."""
    return _end_of(stream) is not None


def archive_kind(stream: BinaryIO) -> str:
    """Return the content type of an archive, looked through whole. Raises `UnsafeArchive`."""
    _check_end(stream)
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            kind = _kind_of([entry.filename for entry in entries])
            _check_declared(entries, is_office=kind != ZIP)
            left = MAX_BYTES
            for entry in entries:
                left -= _count(archive, entry, left, is_office=kind != ZIP)
            return kind
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        UnicodeError,
        struct.error,
        OSError,
    ):
        raise UnsafeArchive("damaged", "This archive is damaged: it cannot be read through.") from None
    except RuntimeError:
        raise UnsafeArchive(
            "encrypted", "Encrypted archives are not taken: nobody could look inside."
        ) from None


def _end_of(stream: BinaryIO) -> tuple[int, int, int] | None:
    """Return (entries, size, place) of the central directory that ends the stream, None without one."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read(_TAIL)
    start = tail.rfind(_END)
    while start >= 0:
        if len(tail) - start >= _END_SIZE:
            entries, length, place = struct.unpack("<HII", tail[start + 10 : start + 20])
            end = size - len(tail) + start
            # Something may stand before the archive, by which its own offsets are then wrong.
            if length <= end and _is_directory(stream, end - length, entries):
                return entries, length, place
        start = tail.rfind(_END, 0, start)
    return None


def _is_directory(stream: BinaryIO, place: int, entries: int) -> bool:
    stream.seek(place)
    return entries == 0 or stream.read(4) == b"PK\x01\x02"


def _check_end(stream: BinaryIO) -> None:
    found = _end_of(stream)
    size = stream.seek(0, io.SEEK_END)
    if found is None:
        raise UnsafeArchive("damaged", "This archive is damaged: its list of contents is missing.")
    entries, length, place = found
    if entries == 0:
        raise UnsafeArchive("empty", "The archive is empty.")
    if entries > MAX_ENTRIES or length > _MAX_DIRECTORY:
        raise UnsafeArchive("too_many_entries", f"An archive may have {MAX_ENTRIES:,} entries.")
    if place + length + _END_SIZE > size:
        raise UnsafeArchive("damaged", "This archive is damaged or of the 64-bit kind, which is not taken.")


def _check_declared(entries: list[zipfile.ZipInfo], *, is_office: bool) -> None:
    if len(entries) > MAX_ENTRIES:
        raise UnsafeArchive("too_many_entries", f"An archive may have {MAX_ENTRIES:,} entries.")
    for entry in entries:
        _check_entry(entry, is_office=is_office)
    _check_size(sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries))
    placed = sorted(entries, key=lambda entry: entry.header_offset)
    for entry, following in pairwise(placed):
        if entry.header_offset + 30 + entry.compress_size > following.header_offset:
            raise UnsafeArchive("archive_bomb", "Entries of this archive overlap: that is made to do harm.")


def _check_entry(entry: zipfile.ZipInfo, *, is_office: bool) -> None:
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    climbs = name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]
    if climbs or entry.orig_filename != name or any(char < " " for char in name):
        raise UnsafeArchive("unsafe_name", "A name in this archive leads out of it.")
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnsafeArchive("link", "Links and devices in archives are not taken.")
    if entry.flag_bits & 0x1:
        raise UnsafeArchive("encrypted", "Encrypted archives are not taken: nobody could look inside.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsafeArchive("damaged", "This archive is packed in a way that is not taken; use plain ZIP.")
    ending = parts[-1].rpartition(".")[2].lower()
    if ending in _NESTED:
        raise UnsafeArchive("nested", "Archives inside of archives are not taken. Pack the files themselves.")
    if any(part in name.lower() for part in _MACROS):
        raise UnsafeArchive("script", _NO_MACROS)
    if is_office and ending in {"xml", "rels", "vml"}:
        return
    if ending in _RUNS:
        raise UnsafeArchive("script", "Programs, scripts, macros, HTML, SVG and XML are not taken.")


def _check_size(size: int, packed: int) -> None:
    if size > MAX_BYTES or (size > _SMALL and size > MAX_RATIO * max(packed, 1)):
        raise UnsafeArchive(
            "archive_bomb",
            f"An archive may hold {MAX_BYTES // 1_000_000} MB, packed {MAX_RATIO} to one at most.",
        )


def _count(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, *, is_office: bool) -> int:
    """Read one entry through and return how much came out. Its declaration is believed in nothing."""
    counted = 0
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            if counted == 0:
                _check_head(chunk, is_office=is_office)
            if is_office and entry.filename == _TYPES and _RUNNING_TYPES.search(chunk):
                raise UnsafeArchive("script", _NO_MACROS)
            if counted and is_office and _ENTITIES.search(chunk):
                raise UnsafeArchive("script", "Entities in the XML of a document are not taken.")
            counted += len(chunk)
            if counted > left or counted > entry.file_size:
                raise UnsafeArchive("archive_bomb", "More comes out of this archive than it says.")
    _check_size(counted, entry.compress_size)
    return counted


def _check_head(head: bytes, *, is_office: bool) -> None:
    if head.startswith(_NESTED_HEADS):
        raise UnsafeArchive("nested", "Archives inside of archives are not taken. Pack the files themselves.")
    if head.startswith(_PROGRAM_HEADS):
        raise UnsafeArchive("script", "Programs and documents with macros are not taken.")
    if is_office and (_ENTITIES.search(head) or head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise UnsafeArchive("script", "Entities in the XML of a document are not taken.")
    if not is_office and _MARKUP.match(head):
        raise UnsafeArchive("script", "Programs, scripts, macros, HTML, SVG and XML are not taken.")


def _kind_of(names: Iterable[str]) -> str:
    found = set(names)
    if _TYPES not in found:
        return ZIP
    return next((kind for part, kind in _PARTS.items() if part in found), ZIP)

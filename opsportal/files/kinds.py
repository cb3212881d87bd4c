"""What a file is, told by its bytes and never by its name alone. Pure: reads from a stream, keeps nothing.

Taken are documents and pictures that the portal serves as downloads, and plain text. Archives and office
documents (which are archives) are refused as a whole, but for evidence, where `archives` looks them through.
Markup that browsers run (HTML, SVG, XML) is refused also where it is called something else, and so is a PDF
that says it runs scripts, and anything with an archive hidden at its end.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from opsportal.files import archives

PDF, TEXT = "application/pdf", "text/plain"
PNG, JPEG, GIF, WEBP = "image/png", "image/jpeg", "image/gif", "image/webp"

ENDINGS: dict[str, str] = {
    "pdf": PDF,
    "png": PNG,
    "jpg": JPEG,
    "jpeg": JPEG,
    "gif": GIF,
    "webp": WEBP,
    "txt": TEXT,
    "log": TEXT,
    "csv": TEXT,
    "json": TEXT,
    "md": TEXT,
}
"""The endings of names that are taken, and what must be inside."""

MAX_PIXELS = 100_000_000
_CHUNK = 64 * 1024
_HEAD = 512
_MARKUP = ("<!doctype", "<html", "<svg", "<?xml", "<script", "<head", "<body", "<iframe", "<!--", "<math")
# Line ends, tabs, form feeds, and the escape that colours the logs of build servers.
_PLAIN_CONTROLS = frozenset("\t\n\r\f\x1b")
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MOST_SEGMENTS = 2_000
_RUNS_SCRIPTS = re.compile(rb"/JavaScript|/S\s*/Launch")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_OVERLAP = 64


class Unwelcome(Exception):  # noqa: N818 - an expected answer
    """Why these bytes are not taken: a short code and words for whoever sent them."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def kind_of(stream: BinaryIO, *, takes_archives: bool = False) -> str:
    """Return the content type of what `stream` (seekable) holds. Raises `Unwelcome` for what is not taken.

    `takes_archives`: ZIP and office documents, too, looked through whole.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    if not head:
        raise Unwelcome("empty", "The file is empty.")
    if takes_archives and head.startswith(b"PK"):
        try:
            return archives.archive_kind(stream)
        except archives.UnsafeArchive as unsafe:
            raise Unwelcome(unsafe.code, unsafe.detail) from None
    for matches, kind, measure in _PICTURES:
        if matches(head):
            _check_pixels(measure(stream, head))
            _check_nothing_hidden(stream)
            return kind
    if head.startswith(b"%PDF-"):
        _check_nothing_hidden(stream)
        _check_no_scripts(stream)
        return PDF
    _check_text(stream)
    return TEXT


def check_ending(name: str, kind: str, *, takes_archives: bool = False) -> None:
    """Raise `Unwelcome` unless the ending of `name` is one that is taken, and fits what is inside."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    endings = {**ENDINGS, **archives.ENDINGS} if takes_archives else ENDINGS
    if ending not in endings:
        taken = ", ".join(endings)
        raise Unwelcome("kind_not_taken", f"Files of this kind are not taken. Taken are: {taken}.")
    if endings[ending] != kind:
        raise Unwelcome("not_what_it_says", f"The name ends with .{ending}, but that is not what is inside.")


def _check_pixels(size: tuple[int, int] | None) -> None:
    if size is None:
        raise Unwelcome("damaged", "This picture is damaged: its size cannot be read.")
    if size[0] * size[1] > MAX_PIXELS:
        raise Unwelcome("too_many_pixels", f"A picture may have {MAX_PIXELS // 1_000_000} million pixels.")


def _check_nothing_hidden(stream: BinaryIO) -> None:
    if archives.has_archive_at_end(stream):
        raise Unwelcome("polyglot", "This file is an archive, too. Send what you mean, as one kind of file.")


def _check_no_scripts(stream: BinaryIO) -> None:
    """Refuse a PDF that says openly that it runs something. What it hides in packed streams is not seen."""
    before = b""
    for chunk, _ in _chunks(stream):
        part = before + chunk
        plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), part)
        if _RUNS_SCRIPTS.search(plain):
            raise Unwelcome("script", "This PDF runs scripts or programs. Print it to a plain PDF first.")
        before = part[-_OVERLAP:]


def _check_text(stream: BinaryIO) -> None:
    refused = Unwelcome(
        "kind_not_taken", f"Files of this kind are not taken. Taken are: {', '.join(ENDINGS)}."
    )
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = ""
    try:
        for chunk, last in _chunks(stream):
            text = decoder.decode(chunk, final=last)
            if any(char < " " and char not in _PLAIN_CONTROLS for char in text) or "\x7f" in text:
                raise refused
            start = (start + text).lstrip("\ufeff \t\r\n\f")[:_HEAD] if len(start) < _HEAD else start
    except UnicodeDecodeError:
        raise refused from None
    if start.lower().startswith(_MARKUP):
        raise Unwelcome("markup", "HTML, SVG and XML are not taken, whatever the name says.")


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    stream.seek(0)
    chunk = stream.read(_CHUNK)
    while chunk:
        following = stream.read(_CHUNK)
        yield chunk, not following
        chunk = following


def _png_size(stream: BinaryIO, head: bytes) -> tuple[int, int] | None:
    return struct.unpack(">II", head[16:24]) if len(head) >= 24 and head[12:16] == b"IHDR" else None


def _gif_size(stream: BinaryIO, head: bytes) -> tuple[int, int] | None:
    return struct.unpack("<HH", head[6:10]) if len(head) >= 10 else None


def _webp_size(stream: BinaryIO, head: bytes) -> tuple[int, int] | None:
    if len(head) < 30:
        return None
    match head[12:16]:
        case b"VP8X":
            return (
                1 + int.from_bytes(head[24:27], "little"),
                1 + int.from_bytes(head[27:30], "little"),
            )
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None


def _jpeg_size(stream: BinaryIO, head: bytes) -> tuple[int, int] | None:
    """Follow the segments to the one that tells height and width (ITU T.81, B.1.1.2 and B.2.2)."""
    place = 2
    for _ in range(_MOST_SEGMENTS):
        stream.seek(place)
        segment = stream.read(9)
        if len(segment) < 9 or segment[0] != 0xFF:
            return None
        if segment[1] == 0xFF:  # fill bytes may stand before a marker
            place += 1
            continue
        if segment[1] in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", segment[5:9])
            return width, height
        place += 2 + int.from_bytes(segment[2:4], "big")
    return None


_Measure = Callable[[BinaryIO, bytes], tuple[int, int] | None]
_PICTURES: tuple[tuple[Callable[[bytes], bool], str, _Measure], ...] = (
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), PNG, _png_size),
    (lambda head: head.startswith(b"\xff\xd8\xff"), JPEG, _jpeg_size),
    (lambda head: head.startswith((b"GIF87a", b"GIF89a")), GIF, _gif_size),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", WEBP, _webp_size),
)

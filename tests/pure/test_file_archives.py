"""Archives that come as evidence: looked through whole, by what they declare and by what is counted."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from opsportal.files.archives import DOCX, XLSX, ZIP
from opsportal.files.kinds import Unwelcome, check_ending, kind_of
from tests.pure.test_file_kinds import png

ROOM = 2_000_000


def packed(*entries: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def kind(content: bytes) -> str:
    return kind_of(io.BytesIO(content), takes_archives=True)


def why_not(content: bytes) -> str:
    with pytest.raises(Unwelcome) as refusal:
        kind(content)
    return refusal.value.code


def with_mode(name: str, mode: int, content: bytes = b"/etc/passwd") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        archive.writestr(entry, content)
    return out.getvalue()


def lying(content: bytes, *, says: int) -> bytes:
    """Return an archive of one entry whose declared size is not what comes out."""
    good = packed(("a.txt", content))
    place = good.index(b"PK\x01\x02")
    size = struct.pack("<I", says)
    return good[:22] + size + good[26 : place + 24] + size + good[place + 28 :]


def overlapping(count: int) -> bytes:
    """Return an archive whose list names one entry many times, each under a name of its own."""
    good = packed(("a0.txt", b"x" * 10))
    place, end = good.index(b"PK\x01\x02"), good.index(b"PK\x05\x06")
    row = good[place:end]
    rows = b"".join(row.replace(b"a0.txt", b"a%d.txt" % number) for number in range(count))
    tail = b"PK\x05\x06\0\0\0\0" + struct.pack("<HHII", count, count, len(rows), place) + b"\0\0"
    return good[:place] + rows + tail


OFFICE = ("[Content_Types].xml", b"<?xml version='1.0'?><Types/>")
WORKBOOK = ("xl/workbook.xml", b"<?xml version='1.0'?><workbook/>")
DOCUMENT = ("word/document.xml", b"<?xml version='1.0'?><document/>")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (packed(("report.csv", b"a;b\n1;2\n"), ("shots/one.png", png(10, 10))), ZIP),
        (packed(("notes.txt", b"x" * 900_000)), ZIP),
        (packed(OFFICE, WORKBOOK), XLSX),
        (packed(OFFICE, DOCUMENT), DOCX),
        (packed(("empty.txt", b""), ("folder/", b"")), ZIP),
    ],
    ids=lambda one: one if isinstance(one, str) else "content",
)
def test_plain_bundles_and_office_documents_are_taken(content: bytes, expected: str) -> None:
    assert kind(content) == expected


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (packed(("bomb.txt", b"\0" * 8 * ROOM)), "archive_bomb"),
        (packed(*((f"{number}.txt", b"") for number in range(1_001))), "too_many_entries"),
        (overlapping(3), "archive_bomb"),
        (lying(b"x" * 4_000, says=100), "damaged"),
        (packed(("inner.zip", packed(("a.txt", b"a")))), "nested"),
        (packed(("inner.txt", packed(("a.txt", b"a")))), "nested"),
        (packed(("logs.gz", b"anything")), "nested"),
        (packed(("page.html", b"<p>")), "script"),
        (packed(("page.txt", b"  <ScRiPt>alert(1)</script>")), "script"),
        (packed(("picture.png", b"<svg onload=alert(1)>")), "script"),
        (packed(("run.exe", b"MZ\x90")), "script"),
        (packed(("run.txt", b"MZ\x90")), "script"),
        (packed(OFFICE, WORKBOOK, ("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")), "script"),
        (packed(OFFICE, ("xl/workbook.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><workbook/>")), "script"),
        (with_mode("link", stat.S_IFLNK | 0o777), "link"),
        (with_mode("pipe", stat.S_IFIFO | 0o600), "link"),
        (packed(("../../etc/cron.d/x", b"a")), "unsafe_name"),
        (packed(("/etc/passwd", b"a")), "unsafe_name"),
        (packed(("C:/x.txt", b"a")), "unsafe_name"),
        (packed(("a.txt", b"a"), how=zipfile.ZIP_BZIP2), "damaged"),
        (packed(("a.txt", b"a" * 100))[:-30], "damaged"),
        (packed(("a.txt", b"secret"), how=zipfile.ZIP_STORED).replace(b"secret", b"public"), "damaged"),
        (packed(), "empty"),
        (b"PK\x03\x04" + b"x" * 100, "damaged"),
    ],
    ids=lambda one: one if isinstance(one, str) else "content",
)
def test_what_does_harm_is_refused(content: bytes, code: str) -> None:
    assert why_not(content) == code


@pytest.mark.parametrize(
    "make",
    [
        lambda inner: png(10, 10) + inner,
        lambda inner: b"%PDF-1.7\n%%EOF\n" + inner,
    ],
)
def test_a_file_that_is_an_archive_too_is_refused(make: Callable[[bytes], bytes]) -> None:
    inner = packed(("a.txt", b"a"))
    for takes_archives in (False, True):
        with pytest.raises(Unwelcome) as refusal:
            kind_of(io.BytesIO(make(inner)), takes_archives=takes_archives)
        assert refusal.value.code == "polyglot"


@pytest.mark.parametrize(
    "action",
    [b"/S /JavaScript /JS (app.alert(1))", b"/S/Launch /F (calc.exe)", b"/S /#4aava#53cript"],
)
def test_a_pdf_that_says_that_it_runs_something_is_refused(action: bytes) -> None:
    assert why_not(b"%PDF-1.7\n1 0 obj << /OpenAction << " + action + b" >> >> endobj\n%%EOF") == "script"
    far = b"%PDF-1.7\n" + b" " * (64 * 1024 - 20) + action
    assert why_not(far) == "script"


def test_archives_are_taken_for_evidence_alone_and_by_their_ending() -> None:
    content = packed(("a.txt", b"a"))
    with pytest.raises(Unwelcome):
        kind_of(io.BytesIO(content))
    check_ending("bundle.zip", ZIP, takes_archives=True)
    for name, told in (("bundle.xlsx", ZIP), ("bundle.jar", ZIP), ("table.zip", XLSX)):
        with pytest.raises(Unwelcome):
            check_ending(name, told, takes_archives=True)


@pytest.mark.parametrize(
    "entry",
    [
        ("word/vbaProject.bin", b"x"),
        ("xl/macrosheets/sheet1.xml", b"<xml/>"),
        ("word/activeX/activeX1.xml", b"<xml/>"),
        ("[Content_Types].xml", b'<Types><Override ContentType="x.macroEnabled.main+xml"/></Types>'),
    ],
)
def test_office_documents_with_macros_are_refused_whatever_they_are_called(entry: tuple[str, bytes]) -> None:
    whole = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", entry[0]: entry[1]}
    assert why_not(packed(*whole.items())) == "script"
    assert kind(packed(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))) == DOCX

"""B8 and B9: what a file is, told by its bytes; and names that lead nowhere."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.files.kinds import ENDINGS, MAX_PIXELS, Unwelcome, check_ending, kind_of
from opsportal.files.names import MAX_NAME, clean_name


def png(width: int = 2, height: int = 2) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height) + b"\x08"
    )


def jpeg(width: int = 2, height: int = 2, *, before: bytes = b"") -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHH", 8, 8, height, width)
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"JF" + before + frame


def gif(width: int = 2, height: int = 2) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height)


def webp(width: int = 2, height: int = 2) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x00" * 8 + size


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "0" * 1_000_000)
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"%PDF-1.7\n<script>alert(1)</script>PK\x03\x04", "application/pdf"),  # only ever downloaded
        (png(), "image/png"),
        (jpeg(), "image/jpeg"),
        (jpeg(before=b"\xff\xff"), "image/jpeg"),
        (gif(), "image/gif"),
        (webp(), "image/webp"),
        (b"plain", "text/plain"),
        ("\ufeffKöln 🚀\r\n\tx".encode(), "text/plain"),
        (b"\x1b[32mok\x1b[0m a log that says <html> later", "text/plain"),
        (("é" * 70_000).encode(), "text/plain"),  # letters across the borders of what is read at once
        (b'{"a": 1}', "text/plain"),
    ],
)
def test_what_is_taken_is_told_by_its_content(content: bytes, kind: str) -> None:
    assert kind_of(io.BytesIO(content)) == kind


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "markup"),
        (b" \n\xef\xbb\xbf<HTML>", "markup"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>', "markup"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "markup"),
        (b"<!-- x --><script>", "markup"),
        (b" " * 2_000 + b"<script>alert(1)</script>", "markup"),
        (b"MZ\x90\x00\x03", "kind_not_taken"),
        (b"\x7fELF\x02\x01", "kind_not_taken"),
        (archive(), "kind_not_taken"),
        (b"\x1f\x8b\x08\x00", "kind_not_taken"),
        (b"BZh91AY\x00", "kind_not_taken"),
        (b"a\x00b", "kind_not_taken"),
        (b"caf\xe9", "kind_not_taken"),
        ("text".encode("utf-16"), "kind_not_taken"),
        (b"\xff" * 100, "kind_not_taken"),
        (png(30_000, 30_000), "too_many_pixels"),
        (jpeg(30_000, 30_000), "too_many_pixels"),
        (gif(65_535, 65_535), "too_many_pixels"),
        (webp(16_000, 16_000), "too_many_pixels"),
        (b"\x89PNG\r\n\x1a\nxx", "damaged"),
        (b"\xff\xd8\xff" + b"\xff" * 50, "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\x00\x00\x00\x00WEBP", "damaged"),
    ],
)
def test_what_is_not_taken_says_why(content: bytes, code: str) -> None:
    with pytest.raises(Unwelcome) as refused:
        kind_of(io.BytesIO(content))
    assert refused.value.code == code


@given(st.binary(max_size=2_000) | st.binary(max_size=200).map(lambda tail: b"\xff\xd8\xff" + tail))
def test_any_bytes_have_a_kind_or_a_reason(content: bytes) -> None:
    with contextlib.suppress(Unwelcome):
        assert kind_of(io.BytesIO(content)) in set(ENDINGS.values())


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("a.png", "text/plain", "not_what_it_says"),
        ("a.txt", "application/pdf", "not_what_it_says"),
        ("a.html", "text/plain", "kind_not_taken"),
        ("a.svg", "text/plain", "kind_not_taken"),
        ("a.txt.exe", "text/plain", "kind_not_taken"),
        ("htaccess", "text/plain", "kind_not_taken"),
    ],
)
def test_the_name_must_fit_the_content(name: str, kind: str, code: str) -> None:
    with pytest.raises(Unwelcome) as refused:
        check_ending(name, kind)
    assert refused.value.code == code
    check_ending("report.PDF", "application/pdf")


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\C:\\x\\plan.txt", "plan.txt"),
        ("C:\\x.txt", "x.txt"),
        ("a\x00b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie x.txt"),
        (".htaccess", "htaccess"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("rechnung\u202etxt.exe", "rechnungtxt.exe"),
        ("  a   b .txt ", "a b .txt"),
        ("плaн 計画.pdf", "плaн 計画.pdf"),
        ('"quoted".txt', "quoted.txt"),
        ("", "file"),
        ("///", "file"),
        ("...", "file"),
        ("x" * 300 + ".txt", "x" * (MAX_NAME - 4) + ".txt"),
    ],
)
def test_a_name_is_only_its_last_part(given_name: str, name: str) -> None:
    assert clean_name(given_name) == name


@pytest.mark.parametrize("pixels", [MAX_PIXELS])
def test_the_largest_picture_is_taken(pixels: int) -> None:
    assert kind_of(io.BytesIO(png(pixels // 10_000, 10_000))) == "image/png"
    assert kind_of(io.BytesIO(jpeg(pixels // 10_000, 10_000))) == "image/jpeg"


@given(st.text(max_size=400))
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= MAX_NAME
    assert not {"/", "\\", "\x00", "\n"} & set(cleaned)
    assert cleaned not in {".", ".."}

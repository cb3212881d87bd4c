"""The text of a document: mended for the eye where it was saved in the wrong encoding, line for line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.standards.original import lines_of
from opsportal.standards.shipped import DOCUMENTS

MISREAD = "→ ✅ 🔄 é “quoted”"


@pytest.mark.parametrize("encoding", ["cp1252", "cp1254"])
def test_text_that_was_read_in_a_wrong_encoding_is_mended(encoding: str) -> None:
    words = [
        "".join(
            bytes([byte]).decode(encoding) if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else chr(byte)
            for byte in word.encode()
        )
        for word in ("↓", "é", "ü", "…")
    ]
    assert lines_of(" ".join(words).encode()) == ["↓ é ü …"]


def test_what_was_right_stays() -> None:
    text = "Grüße → 10 % “so” ─ ✅ naïve ÄÖ Â§ 5"
    assert lines_of(text.encode()) == ["Grüße → 10 % “so” ─ ✅ naïve ÄÖ § 5"]
    assert lines_of(MISREAD.encode()) == [MISREAD]


def test_a_character_that_lost_a_byte_and_bytes_that_are_no_text_show_as_such() -> None:
    assert lines_of("âŒ failed".encode()) == ["� failed"]
    assert lines_of(b"\xff\n\xc3\x28") == ["�", "�("]


def test_lines_are_counted_as_the_packs_count_them() -> None:
    assert lines_of(b"\xef\xbb\xbfone\r\ntwo\x0c\nthree") == ["one", "two\x0c", "three"]
    assert lines_of(b"") == [""]


@given(st.binary(max_size=300))
def test_no_document_is_too_broken_to_show(document: bytes) -> None:
    assert len(lines_of(document)) == document.count(b"\n") + 1


@pytest.mark.parametrize("file", sorted(path.name for path in DOCUMENTS.iterdir()))
def test_no_shipped_document_shows_what_it_should_not(file: str) -> None:
    document = (DOCUMENTS / file).read_bytes()
    shown = lines_of(document)
    assert len(shown) == document.count(b"\n") + 1
    assert not any(sign in line for line in shown for sign in ("ğŸ", "âœ", "â†", "â€"))

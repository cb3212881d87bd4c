"""Reports as PDF: whatever people typed is set, escaped, on pages that end."""

from __future__ import annotations

import re
import zlib
from base64 import a85decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.web import printing
from opsportal.web.printing import (
    Bars,
    Block,
    Facts,
    Heading,
    Lines,
    PageBreak,
    Paragraph,
    Table,
    _shown,
    _text,
    pdf_of,
)

ALL: list[Block] = [
    Heading("Findings", 1),
    Paragraph("First line\nsecond\n\nAnother paragraph", small=True),
    Facts([("Period", "2026"), ("Łukasz", "Ελένη Иван ✓")]),
    Table(("Key", "Title"), [("FND-1", "<b>not bold</b> & = x"), ("FND-2", None)], widths=(1, 4)),
    Bars("Severity", ["high", "low"], [3, None], "findings"),
    Lines("Trend", ["Jan", "Feb", "Mar"], [("all", [1.0, None, float("nan")]), ("high", [0, 1, 2])]),
    PageBreak(),
]


def pages(content: bytes) -> int:
    return int(re.findall(rb"/Count (\d+)", content)[0])


def drawn(content: bytes) -> bytes:
    """Return what the pages draw, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
    found = []
    for stream in streams:
        body = stream.strip()
        try:
            body = (
                a85decode(body, adobe=False)
                if not body.endswith(b"~>")
                else a85decode(b"<~" + body, adobe=True)
            )
            found.append(zlib.decompress(body))
        except (ValueError, zlib.error):
            continue
    return b"\n".join(found)


def test_equal_blocks_give_equal_bytes() -> None:
    first = pdf_of("Report", ALL, subtitle="of AUD-3", footer="Internal")
    assert first == pdf_of("Report", ALL, subtitle="of AUD-3", footer="Internal")
    assert first.startswith(b"%PDF-")
    assert pages(first) == 1
    assert first != pdf_of("Report", ALL, footer="Public")
    assert drawn(first)


def test_what_was_typed_is_no_markup() -> None:
    assert _text('<a href="javascript:x">x</a> & {{7*7}}', 100) == (
        '&lt;a href="javascript:x"&gt;x&lt;/a&gt; &amp; {{7*7}}'
    )
    assert _text("one\ntwo", 100) == "one<br/>two"
    pdf_of("<para>", [Paragraph("<img src='/etc/passwd'/>"), Heading("</para>")])


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("plain", "plain"),
        ("Łukasz Dvořák Ελένη Иван → ✓", "Łukasz Dvořák Ελένη Иван → ✓"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("漢字", "□□"),
        ("e" + "\u0323" * 10_000, "ẹ" + "\u0323" * 8),
        ("x" * 30_000, "x" * 20_000 + "… (shortened)"),
        ("", ""),
    ],
)
def test_what_can_be_set_of_a_text(typed: str, shown: str) -> None:
    assert _shown(typed, 20_000) == shown


def test_a_long_word_and_a_long_cell_go_over_pages_and_end() -> None:
    content = pdf_of("Long", [Table(("a", "b"), [("x" * 9_000, "y\n" * 300)]), Paragraph("z" * 9_000)])
    assert 2 < pages(content) < 20


def test_a_long_table_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "MOST_ROWS", 100)
    rows = [(str(number),) for number in range(103)]
    assert len(printing._table(Table(("n",), rows), 400)) == 2
    assert pages(pdf_of("Rows", [Table(("n",), rows)])) == pages(pdf_of("Rows", [Table(("n",), rows[:100])]))


@settings(max_examples=25, deadline=None)
@given(
    st.text(max_size=300),
    st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=5),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=6),
)
def test_any_text_and_any_number_can_be_printed(
    text: str, rows: list[tuple[str, str]], values: list[float | None]
) -> None:
    labels = [text[:20]] * len(values)
    blocks: list[Block] = [
        Heading(text),
        Paragraph(text),
        Facts(rows),
        Table(("a", "b"), rows),
        Bars(text, labels, values, "x"),
        Lines(text, labels, [(text, values)]),
    ]
    assert pdf_of(text, blocks, subtitle=text, footer=text).endswith(b"%%EOF\n")

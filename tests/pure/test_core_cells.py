"""B7: no cell of an export is a formula, and an import gives back what was typed."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.core.cells import cell_of, neutral_cell, original_cell
from opsportal.web.csv import csv_lines

CALLING = "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠"])
def test_what_looks_like_a_formula_becomes_text(start: str) -> None:
    assert neutral_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "plain", "a=b", "'quoted'", "1 - 2", "ü", "7"])
def test_any_other_text_stays(text: str) -> None:
    assert neutral_cell(text) == text


@given(st.text(alphabet="'=+-@\t\r\n a＝", max_size=8) | st.text())
def test_every_text_comes_back_from_a_round_trip(text: str) -> None:
    assert original_cell(neutral_cell(text)) == text
    assert not neutral_cell(text).lstrip(" ").startswith(tuple("=+-@\t\r\n＝＋－＠"))


def test_a_file_read_back_gives_the_original() -> None:
    typed = [CALLING, 'say "hi", twice', "two\nlines", "'=1", "ünï 🚀"]
    text = "".join(csv_lines(["name", "=count"], [[typed[0], 1], *([each, 2] for each in typed[1:])]))
    assert text.startswith('\ufeff"name","\'=count"\r\n"\'=cmd|')
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [original_cell(cell) for cell, _ in rows[1:]] == typed


def test_every_file_of_cells_is_written_by_the_two_doors_that_make_them_neutral() -> None:
    root = Path(__file__).parents[2]
    apps = ("opsportal", "changes", "incidents", "compliance")
    sources = (source for app in apps for source in (root / app).rglob("*.py"))
    writers = re.compile(r"csv\.(?:writer|DictWriter)\(|\bWorkbook\(")
    found = {str(one.relative_to(root)) for one in sources if writers.search(one.read_text(encoding="utf-8"))}
    assert found == {"opsportal/web/csv.py", "opsportal/web/tables.py"}


def test_values_have_one_form_each() -> None:
    moment = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert [cell_of(value) for value in (None, True, -5, moment, ["=a", "b"], "-5")] == [
        "",
        "yes",
        -5,
        "2026-11-21T03:00:00Z",
        "'=a; b",
        "'-5",
    ]

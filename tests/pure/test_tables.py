"""Lists as CSV, XLSX and JSON: nothing runs as a formula, instants are UTC, nothing breaks the file (B7)."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from opsportal.core.cells import original_cell
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.web import tables
from opsportal.web.tables import json_lines, table_response, workbook_of

AT = datetime(2026, 3, 2, 10, 30, tzinfo=timezone(timedelta(hours=1)))


def sheet(header: Sequence[str], rows: list[list[Any]]) -> list[tuple[Any, ...]]:
    with workbook_of(header, rows) as file:
        book = load_workbook(io.BytesIO(file.read()))
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)  # type: ignore[union-attr]
    return list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]


def test_a_workbook_holds_what_was_given_and_no_formula() -> None:
    rows = sheet(
        ["=name", "value"],
        [
            ["=1+1", AT],
            ["+49", 3],
            ["plain", float("nan")],
            ["key", 2**60],
            ["on", True],
            ["list", ["a", "b"]],
            ["bad\x0bletter", None],
            ["long", "x" * 40_000],
        ],
    )
    assert rows[0] == ("'=name", "value")
    assert rows[1] == ("'=1+1", "2026-03-02T09:30:00Z")
    assert rows[2] == ("'+49", 3)
    assert rows[3] == ("plain", "nan")
    assert rows[4] == ("key", str(2**60))
    assert rows[5] == ("on", "yes")
    assert rows[6] == ("list", '["a", "b"]')
    assert rows[7] in {("bad\ufffdletter", None), ("bad\ufffdletter", "")}
    assert len(rows[8][1]) == 32_767


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=4))
def test_any_text_comes_back_from_a_workbook(texts: list[str]) -> None:
    shown = sheet(["a"], [[text] for text in texts])[1:]
    for text, (cell,) in zip(texts, shown, strict=True):
        kept = ILLEGAL_CHARACTERS_RE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
        assert original_cell(cell or "").replace("\r\n", "\n").replace("\r", "\n") == kept


def test_json_has_plain_values() -> None:
    lines = "".join(json_lines(["at", "day", "x"], [[AT, date(2026, 3, 2), {"a": [float("inf")]}]]))
    assert json.loads(lines) == [{"at": "2026-03-02T09:30:00Z", "day": "2026-03-02", "x": {"a": ["inf"]}}]
    assert json.loads("".join(json_lines(["a"], []))) == []


def test_a_workbook_that_would_be_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_XLSX_ROWS", 2)
    with pytest.raises(Conflict, match="2 rows") as refused:
        workbook_of(["a"], [[1], [2], [3]])
    assert refused.value.code == "too_many"


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_a_download_names_its_file_and_type(form: str) -> None:
    response = table_response(
        "audit-findings", ["a"], [["=1"], [datetime(2026, 1, 1, tzinfo=UTC)]], form=form
    )
    content = b"".join(response.streaming_content)  # type: ignore[arg-type]
    assert response["Content-Disposition"] == f'attachment; filename="audit-findings.{form}"'
    assert response["Cache-Control"] == "no-store"
    assert content
    assert b"\n=1" not in content


def test_other_forms_and_names_of_persons_are_refused() -> None:
    with pytest.raises(InvalidInput):
        table_response("x", ["a"], [], form="pdf")
    with pytest.raises(ValueError, match="the name of a file is ours"):
        table_response("../x", ["a"], [], form="csv")

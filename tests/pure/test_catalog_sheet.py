"""The catalogue as a file: what is written is what is read, and wrong files are told by place."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.catalog.sheet import COLUMNS, MAX_ROWS, csv_cells, json_document, read
from opsportal.core.errors import InvalidInput
from opsportal.web.csv import csv_lines

SLUGS = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="|"), min_size=1, max_size=20)
LINKS = WORDS.map(lambda title: {"title": title, "url": "https://x.example/a"})
ENTRIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "slug": SLUGS,
        "name": WORDS,
        "tier": st.sampled_from(["critical", "core", "supporting"]),
        "data_classification": st.sampled_from(["public", "restricted"]),
        "owner_team": SLUGS,
        "description": st.just("") | WORDS,
        "links": st.lists(LINKS, max_size=3),
        "depends_on": st.dictionaries(SLUGS, st.sampled_from(["hard", "soft"]), max_size=3),
    }
)


def as_csv(entries: list[dict[str, Any]]) -> bytes:
    return "".join(csv_lines(COLUMNS, (csv_cells(entry) for entry in entries))).encode()


def values(content: bytes) -> list[dict[str, Any]]:
    return [{"slug": row.slug, **row.values} for row in read(content)]


@given(st.lists(ENTRIES, min_size=1, max_size=5, unique_by=lambda entry: str(entry["slug"])))
def test_what_an_export_writes_an_import_reads(entries: list[dict[str, Any]]) -> None:
    assert values(as_csv(entries)) == entries
    assert values(json_document(entries).encode()) == entries


def test_a_formula_in_a_cell_is_text_in_the_file_and_itself_when_read() -> None:
    entry = dict.fromkeys(COLUMNS, "") | {"slug": "a", "name": "=1+1", "links": [], "depends_on": {}}
    content = as_csv([entry])
    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1]
    assert cells[1] == "'=1+1"
    assert values(content)[0]["name"] == "=1+1"


def test_a_column_that_is_missing_is_left_alone_and_an_empty_cell_empties() -> None:
    assert values(b"slug,description\na,\n") == [{"slug": "a", "description": ""}]


def test_semicolons_of_a_spreadsheet_program_are_understood() -> None:
    assert values("slug;name\na;Ünicode\n".encode("utf-8-sig")) == [{"slug": "a", "name": "Ünicode"}]


@pytest.mark.parametrize(
    ("content", "pointer", "code"),
    [
        (b"slug\n", "/services", "empty"),
        (b"", "", "missing_column"),
        (b"\xff\xfe", "", "not_utf8"),
        (b"slug\na\x00\n", "", "control_character"),
        (b"name\nx\n", "", "missing_column"),
        (b"slug,owner\na,b\n", "", "unknown_column"),
        (b"slug,slug\na,b\n", "", "column_twice"),
        (b"slug,name\na\n", "/services/0", "wrong_width"),
        (b'slug,name\na,"b\n', "", "not_csv"),
        (b"slug\na\na\n", "/services/1/slug", "twice"),
        (b"slug\n" + b"".join(b"s%d\n" % n for n in range(MAX_ROWS + 1)), "/services", "too_many"),
        (b"{", "", "not_json"),
        (b"[" * 100_000, "", "not_json"),
        (b'{"services": {}}', "/services", "not_a_list"),
        (b"[1]", "/services/0", "not_a_service"),
        (b'[{"slug": "a", "owner": "b"}]', "/services/0/owner", "unknown"),
        (b'[{"slug": "a", "name": 1}]', "/services/0/name", "not_text"),
        (b'[{"slug": "a", "depends_on": ["b"]}]', "/services/0/depends_on", "not_an_object"),
        (b"x" * 2_000_001, "", "too_large"),
    ],
)
def test_a_wrong_file_is_told_by_place(content: bytes, pointer: str, code: str) -> None:
    try:
        errors = [fault for row in read(content) for fault in row.faults]
    except InvalidInput as refusal:
        errors = list(refusal.errors)
    assert (pointer, code) in {(error.pointer, error.code) for error in errors}

"""Rows as a download in CSV, XLSX or JSON: without formulas, instants as ISO 8601 UTC."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import IO
from uuid import UUID

from django.http import StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from opsportal.core.cells import cell_of
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.web.csv import csv_lines

FORMATS = ("csv", "xlsx", "json")
MOST_XLSX_ROWS = 100_000
"""A workbook is made whole before its first byte can be sent; CSV and JSON have no limit."""
LONGEST_CELL = 32_767
_EXACT = 2**53
_BLOCK = 64 * 1024
_TYPES = {
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


def table_response(
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    form: str,
    keys: Sequence[str] = (),
) -> StreamingHttpResponse:
    """Return a download of `rows` as `name`.csv, .xlsx or .json (`form`), read while it is sent.

    `name` is the portal's own: letters, digits, hyphens. `keys` name the columns in JSON where they are not
    those of `header`. Raises `InvalidInput` for another form, and `Conflict` with code `too_many` for a
    workbook of more than 100,000 rows.
    """
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValueError("the name of a file is ours: letters, digits and hyphens")
    if form not in FORMATS:
        raise InvalidInput.of("format", "unknown", f"Choose one of: {', '.join(FORMATS)}.")
    content: Iterable[str | bytes]
    if form == "csv":
        content = csv_lines(header, ([_plain(value) for value in row] for row in rows))
    elif form == "json":
        content = json_lines(keys or header, rows)
    else:
        content = _blocks(workbook_of(header, rows))
    return StreamingHttpResponse(
        content,
        content_type=_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{form}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def workbook_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """Return a workbook of one sheet as an open file at its beginning. Raises `Conflict` (`too_many`)."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"
    try:
        sheet.append([_sheet_cell(name) for name in header])
        for number, row in enumerate(rows, 1):
            if number > MOST_XLSX_ROWS:
                raise Conflict(
                    f"A workbook holds {MOST_XLSX_ROWS:,} rows here. Narrow the list, or take CSV.",
                    code="too_many",
                )
            sheet.append([_sheet_cell(value) for value in row])
    except BaseException:
        sheet.close()
        sheet._writer.cleanup()  # the library would keep its file until the process ends
        raise
    target = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed by whoever sends it
    book.save(target)
    target.seek(0)
    return target


def json_lines(keys: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a JSON list of objects, a line each."""
    before = "[\n"
    for row in rows:
        named = {key: _value(value) for key, value in zip(keys, row, strict=True)}
        yield before + json.dumps(named, ensure_ascii=False, default=str, allow_nan=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _plain(value: object) -> object:
    """Return what a cell takes: lists and objects of JSON as JSON, other things as text."""
    if isinstance(value, dict | list | tuple | set | frozenset):
        return json.dumps(_value(value), ensure_ascii=False, default=str)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _sheet_cell(value: object) -> str | int | float:
    cell = cell_of(_plain(value))
    if isinstance(cell, int | float):
        # A spreadsheet keeps 15 digits of a number; a key that lost some would be another key.
        return cell if abs(cell) < _EXACT else str(cell)
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", cell)[:LONGEST_CELL]


def _value(value: object) -> object:
    """Return a value as JSON has it: an instant in UTC with Z, what is no number as text."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case Decimal() | UUID():
            return str(value)
        case dict():
            return {str(key): _value(each) for key, each in value.items()}
        case list() | tuple():
            return [_value(each) for each in value]
        case set() | frozenset():
            return sorted(str(each) for each in value)
        case _:
            return value


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block

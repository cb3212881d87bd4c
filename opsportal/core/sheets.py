"""Tables that people bring as CSV files. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from opsportal.core.cells import original_cell
from opsportal.core.errors import FieldError, InvalidInput

MAX_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: column → cell. One that could not be read has no cells, and its fault."""

    pointer: str
    cells: Mapping[str, str]
    faults: tuple[FieldError, ...] = ()


def text_of(content: bytes) -> str:
    """Return the text of an uploaded file. Raises `InvalidInput`: too large, not UTF-8, a NUL in it."""
    if len(content) > MAX_BYTES:
        raise InvalidInput.of("", "too_large", f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.of("", "not_utf8", "The file is not UTF-8. Save it as “CSV UTF-8”.") from None
    if "\x00" in text:
        raise InvalidInput.of("", "control_character", "The file contains a NUL character.")
    return text


def table_of(text: str, *, columns: Collection[str], needed: Collection[str], name: str) -> list[Line]:
    """Return the lines of a CSV text; empty ones are left out, too short and too long ones have a fault.

    Commas or semicolons part the cells. `needed` columns must be there; `name` is what pointers call the
    list. Raises `InvalidInput` for a wrong header and for what is no CSV.
    """
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _require_columns(header, columns, needed)
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise InvalidInput.of("", "not_csv", f"Line {reader.line_num} is no CSV: {error}.") from None
    return [_line(f"/{name}/{index}", header, line) for index, line in enumerate(lines)]


def _line(pointer: str, header: list[str], line: list[str]) -> Line:
    if len(line) != len(header):
        words = f"Has {len(line)} cells, the header {len(header)}."
        return Line(pointer, {}, (FieldError(pointer, "wrong_width", words),))
    return Line(pointer, dict(zip(header, map(original_cell, line), strict=True)))


def place_of(pointer: str) -> str:
    """Return where in a file with a header an error stands: `/people/0/email` is "people, line 2 email"."""
    parts = pointer.strip("/").split("/")
    if len(parts) > 1 and parts[1].isdigit():
        return " ".join([f"{parts[0]}, line {int(parts[1]) + 2}", *parts[2:]])
    return pointer


def _delimiter(text: str) -> str:
    # Spreadsheet programs write semicolons where the comma is the decimal sign.
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _require_columns(header: list[str], columns: Collection[str], needed: Collection[str]) -> None:
    known = ", ".join(columns)
    errors = [
        FieldError("", "unknown_column", f"There is no column “{name[:60]}”; known: {known}.")
        for name in header
        if name not in columns
    ]
    errors += [
        FieldError("", "missing_column", f"The column “{name}” is missing.")
        for name in needed
        if name not in header
    ]
    if len(set(header)) != len(header):
        errors.append(FieldError("", "column_twice", "A column stands in it twice."))
    if errors:
        raise InvalidInput(errors)

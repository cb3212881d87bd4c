"""Cells of a spreadsheet file: what a person typed must never run as a formula (CWE-1236). Pure.

Spreadsheet programs take a cell for a formula by its first character, also in a CSV file and also where it
is quoted. A `'` in front makes it text. `original_cell` undoes exactly what `neutral_cell` did, for any text,
so that an exported file can be imported again.
"""

from __future__ import annotations

from datetime import UTC, datetime

_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""The full-width signs count too: some programs fold them into the plain ones."""


def neutral_cell(text: str) -> str:
    """Return `text` so that no spreadsheet program takes it for a formula: `=1+1` becomes `'=1+1`.

    A text that looks as if it had been treated already (`'=1+1`) gets one more `'`: so every text comes back.
    """
    return f"'{text}" if _looks_like_formula(text.lstrip("'")) else text


def original_cell(text: str) -> str:
    """Return the text of which `neutral_cell` made `text`; any other text unchanged."""
    return text[1:] if text.startswith("'") and _looks_like_formula(text.lstrip("'")) else text


def cell_of(value: object) -> str | int | float:
    """Return a value as it stands in a cell: an instant as ISO 8601 UTC, a list by `; `, text neutral."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case list() | tuple():
            return neutral_cell("; ".join(str(each) for each in value))
        case _:
            return neutral_cell(str(value))


def _looks_like_formula(text: str) -> bool:
    return text.lstrip(" ").startswith(_FORMULA_STARTS)

"""The catalogue as a file, CSV or JSON: what an export writes is what an import reads. Pure.

CSV has one service a line. `links` are `title address` parted by `|`, `depends_on` are slugs parted by
blanks, a soft dependency with `:soft` behind it. A column that is not there leaves its field as it is; an
empty cell empties it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.sheets import Line, table_of, text_of

TEXTS = ("name", "tier", "data_classification", "owner_team", "description")
COLUMNS = ("slug", *TEXTS, "links", "depends_on")
MAX_ROWS = 5_000
_HARD = "hard"


@dataclass(frozen=True, slots=True)
class Row:
    """One service of a file. `pointer` says where: `/services/0`; only given fields are in `values`.

    `links` are `{"title", "url"}` each, `depends_on` is slug → kind. `faults` are what is wrong with its
    shape; the values that could be read are there all the same, to be checked as well.
    """

    pointer: str
    slug: str
    values: Mapping[str, Any]
    faults: tuple[FieldError, ...] = ()

    @property
    def is_read(self) -> bool:
        """Return whether there is a service in it at all."""
        return all(fault.pointer != self.pointer for fault in self.faults)


def read(content: bytes) -> list[Row]:
    """Return the rows of a file, whichever of the two formats it is in, each with its faults.

    Raises `InvalidInput` for the file itself: not UTF-8, neither format, a wrong column, too many rows.
    """
    text = text_of(content)
    return checked(from_json(text) if is_json(text) else from_csv(text))


def is_json(text: str) -> bool:
    """Return which of the two formats a file is in."""
    return text.lstrip().startswith(("{", "["))


def checked(rows: list[Row]) -> list[Row]:
    """Return the rows; one whose slug stands before has that as a fault.

    Raises `InvalidInput` where there are none, or too many.
    """
    if not rows:
        raise InvalidInput.of("services", "empty", "There is no service in it.")
    if len(rows) > MAX_ROWS:
        raise InvalidInput.of("services", "too_many", f"At most {MAX_ROWS} services at once.")
    seen: set[str] = set()
    told = []
    for row in rows:
        twice = row.slug in seen and row.is_read
        told.append(_faulty(row, "slug", "twice", f"{row.slug} stands in it twice.") if twice else row)
        seen.add(row.slug)
    return told


def _faulty(row: Row, field: str, code: str, detail: str) -> Row:
    return replace(row, faults=(*row.faults, FieldError(f"{row.pointer}/{field}", code, detail)))


def from_csv(text: str) -> list[Row]:
    """Return the rows of a CSV file. Raises `InvalidInput` for its header, and for what is no CSV."""
    return [_csv_row(line) for line in table_of(text, columns=COLUMNS, needed=("slug",), name="services")]


def _csv_row(line: Line) -> Row:
    cells = line.cells
    values: dict[str, Any] = {name: cells[name].strip() for name in TEXTS if name in cells}
    if "links" in cells:
        values["links"] = [_link(part) for part in cells["links"].split("|") if part.strip()]
    if "depends_on" in cells:
        words = (word.partition(":") for word in cells["depends_on"].split())
        values["depends_on"] = {slug: kind or _HARD for slug, _, kind in words}
    return Row(line.pointer, cells.get("slug", "").strip(), values, line.faults)


def _link(part: str) -> dict[str, str]:
    title, _, url = part.strip().rpartition(" ")
    return {"title": title or url, "url": url}


def from_json(text: str) -> list[Row]:
    """Return the rows of a JSON document `{"services": [{…}]}`. Raises `InvalidInput`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput.of("", "not_json", f"This is no JSON: {error}.") from None
    return rows_of(document.get("services") if isinstance(document, dict) else document)


def rows_of(services: object) -> list[Row]:
    """Return the rows of a list of objects, as JSON has it. Raises `InvalidInput` for what is no list."""
    if not isinstance(services, list):
        raise InvalidInput.of("services", "not_a_list", "Must be a list of services.")
    return [_json_row(f"/services/{index}", entry) for index, entry in enumerate(services[: MAX_ROWS + 1])]


def _json_row(pointer: str, entry: object) -> Row:
    if not isinstance(entry, dict) or not isinstance(entry.get("slug"), str):
        fault = FieldError(pointer, "not_a_service", "Must be an object with a slug.")
        return Row(pointer, "", {}, (fault,))
    unknown = [name for name in entry if name not in COLUMNS]
    wrong = [name for name in TEXTS if name in entry and not isinstance(entry[name], str)]
    errors = [FieldError(f"{pointer}/{name[:60]}", "unknown", "There is no such field.") for name in unknown]
    errors += [FieldError(f"{pointer}/{name}", "not_text", "Must be a text.") for name in wrong]
    kinds = entry.get("depends_on", {})
    if not isinstance(kinds, dict) or not all(isinstance(kind, str) for kind in kinds.values()):
        words = "Must be an object: slug of a service → hard or soft."
        errors.append(FieldError(f"{pointer}/depends_on", "not_an_object", words))
        wrong.append("depends_on")
    left_out = {"slug", *unknown, *wrong}
    values = {name: value for name, value in entry.items() if name not in left_out}
    return Row(pointer, entry["slug"], values, tuple(errors))


def csv_cells(entry: Mapping[str, Any]) -> list[str]:
    """Return a service, as `entries` of the selectors give it, as the cells of a CSV line."""
    links = " | ".join(f"{link['title']} {link['url']}" for link in entry["links"])
    leans = " ".join(
        slug if kind == _HARD else f"{slug}:{kind}" for slug, kind in sorted(entry["depends_on"].items())
    )
    return [entry["slug"], *(entry[name] for name in TEXTS), links, leans]


def json_document(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return services as the JSON document that `from_json` reads."""
    return json.dumps({"services": list(entries)}, ensure_ascii=False, indent=2) + "\n"

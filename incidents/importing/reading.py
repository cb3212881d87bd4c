"""Reading JSON that somebody else wrote: strict about types, plain about what is wrong. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from incidents.importing.drafts import Draft, Raw
from opsportal.core.errors import InvalidInput
from opsportal.core.moments import EARLIEST, LATEST
from opsportal.core.text import clean_text

MOST_BYTES = 5 * 1024 * 1024
MOST_OBJECTS = 5_000
MOST_NAME = 120


class Unreadable(ValueError):  # noqa: N818 - one thing of a file, not the program, is at fault
    """One thing of the file cannot be read; its words say why. The rest of the file can be."""


def read_json(content: bytes, sections: Collection[str]) -> dict[str, list[Raw]]:
    """Return the lists of a file: one JSON object whose members are answers of the other system's API.

    Each of `sections` may be a list, an answer with `results` or `data`, or a list of such answers (pages);
    one that is missing is empty. Raises `InvalidInput` for what is no such file, or too large.
    """
    if len(content) > MOST_BYTES:
        raise InvalidInput.of("file", "too_large", f"At most {MOST_BYTES // 1024 // 1024} MB.")
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidInput.of("file", "not_json", "This is no JSON file.") from None
    if not isinstance(whole, dict) or not set(whole) & set(sections):
        words = ", ".join(sections)
        raise InvalidInput.of(
            "file", "not_an_export", f"Must be one JSON object with at least one of: {words}."
        )
    found = {name: _objects(whole.get(name), name) for name in sections}
    if sum(len(objects) for objects in found.values()) > MOST_OBJECTS:
        raise InvalidInput.of("file", "too_many", f"At most {MOST_OBJECTS} objects.")
    return found


def left_over(content: bytes, sections: Collection[str], draft: Draft) -> None:
    """Note the members of a file that is read already which are none of `sections`."""
    for name in json.loads(content):
        if name not in sections:
            draft.skip(str(name)[:MOST_NAME], "Not known to this import; left out.")


def text_of(raw: Raw, name: str) -> str:
    """Return a member as text, `""` where it is missing or null. Raises `Unreadable`."""
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"“{name}” is no text.")
    try:
        return clean_text(value, field=name, max_length=2_000)
    except InvalidInput as error:
        raise Unreadable(f"“{name}”: {error.detail}") from None


def name_of(raw: Raw, fallback: str = "") -> str:
    """Return the name of an object, at most as long as ours may be."""
    return " ".join((text_of(raw, "name") or fallback).split())[:MOST_NAME]


def whole_number(raw: Raw, name: str, *, least: int, most: int, default: int | None = None) -> int:
    """Return a member as a whole number. Raises `Unreadable`."""
    value = raw.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Unreadable(f"“{name}” must be a whole number from {least} to {most}.")
    return value


def texts(raw: Raw, name: str) -> tuple[str, ...]:
    """Return a member that is a list of texts; empty where it is missing or null. Raises `Unreadable`."""
    value = raw.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unreadable(f"“{name}” must be a list of texts.")
    return tuple(value)


def objects(raw: Raw, name: str) -> list[Raw]:
    """Return a member that is a list of objects; empty where it is missing or null. Raises `Unreadable`."""
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"“{name}” must be a list of objects.")
    for position, one in enumerate(value):
        if not isinstance(one, dict):
            raise Unreadable(f"Number {position + 1} of “{name}” must be an object.")
    return value


def moment(text: str, name: str) -> datetime:
    """Return an ISO 8601 time, aware where the text has a zone and naive where it has none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"“{name}” is no time: {text[:40]!r}.") from None
    if not EARLIEST <= (found if found.tzinfo else found.replace(tzinfo=UTC)) < LATEST:
        raise Unreadable(f"“{name}” lies outside the years 2000 to 2200.")
    return found


def _objects(value: Any, name: str) -> list[Raw]:
    if value is None:
        return []
    if isinstance(value, dict):
        for member in ("results", "data"):
            if value.get(member) is not None:
                return _objects(value[member], f"{name}/{member}")
        return _objects([value], name)
    if not isinstance(value, list):
        detail = f"{name.replace('/', ', ')} must be a list of objects."
        raise InvalidInput.of(f"file/{name}", "not_a_list", detail)
    found: list[Raw] = []
    for position, one in enumerate(value):
        if not isinstance(one, dict):
            detail = f"Number {position + 1} of {name.replace('/', ', ')} must be an object."
            raise InvalidInput.of(f"file/{name}/{position}", "not_an_object", detail)
        member = "results" if "results" in one else "data"
        pages = one.get(member)
        found += _objects(pages, f"{name}/{position}/{member}") if isinstance(pages, list) else [one]
    return found

"""Checklists as data: reading a shipped one, and whether all of a run is answered. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compliance.governing.kinds import PERIODS
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_slug, clean_text

MOST_ITEMS = 100
MAX_ITEM = 300
HINTS = {
    "alerts": "alerts that fire now",
    "backups": "backups of the period",
    "incidents": "open incidents",
    "runbooks": "runbooks to review",
    "vulnerabilities": "open vulnerabilities",
    "deployments": "deployments of the period",
    "readiness": "services with an item that is not met",
}
"""What the portal knows by itself and shows beside an item."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist. `hint` names what the portal can tell about it, `""` for nothing."""

    id: str
    text: str
    hint: str = ""

    def as_data(self) -> dict[str, str]:
        return {"id": self.id, "text": self.text, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Definition:
    """A checklist as it is shipped."""

    slug: str
    title: str
    period: str
    items: tuple[Item, ...]
    document: str = ""
    section: str = ""
    owner_role: str = field(default="")


def read_definition(text: str) -> Definition:
    """Return the checklist of a TOML text. Raises `InvalidInput`, also where it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput.of("", "not_toml", f"This is no TOML: {error}.") from None
    return Definition(
        slug=clean_slug(data.get("slug", ""), field="slug"),
        title=clean_text(data.get("title", ""), field="title", max_length=120, required=True, lines=False),
        period=clean_period(data.get("period", "")),
        items=clean_items(data.get("item", [])),
        document=str(data.get("document", "")),
        section=str(data.get("section", "")),
        owner_role=str(data.get("owner_role", "")),
    )


def clean_period(value: object) -> str:
    """Return a period's word. Raises `InvalidInput`."""
    if value not in PERIODS:
        raise InvalidInput.of("period", "unknown", f"Must be one of: {', '.join(PERIODS)}.")
    return str(value)


def clean_items(values: object) -> tuple[Item, ...]:
    """Return the items of a checklist, from texts or from {id, text, hint}. Raises `InvalidInput`.

    An item without an id gets a number that no other one has.
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InvalidInput.of("items", "not_a_list", "Must be a list.")
    if not 1 <= len(values) <= MOST_ITEMS:
        raise InvalidInput.of("items", "out_of_range", f"A checklist has 1 to {MOST_ITEMS} items.")
    items: list[Item] = []
    errors: list[FieldError] = []
    for index, value in enumerate(values):
        try:
            items.append(_item(value, index))
        except InvalidInput as refusal:
            errors.extend(
                FieldError(f"/items/{index}{error.pointer}", error.code, error.detail)
                for error in refusal.errors
            )
    if errors:
        raise InvalidInput(errors)
    ids = [item.id for item in items]
    if len(set(ids)) != len(ids):
        raise InvalidInput.of("items", "twice", "Two items have the same id.")
    return tuple(items)


def _item(value: object, index: int) -> Item:
    given: Mapping[str, Any] = {"text": value} if isinstance(value, str) else _mapping(value)
    unknown = sorted(set(given) - {"id", "text", "hint"})
    if unknown:
        raise InvalidInput.of(unknown[0][:60], "unknown", "An item has: id, text, hint.")
    hint = given.get("hint", "")
    if hint and hint not in HINTS:
        raise InvalidInput.of("hint", "unknown", f"Must be one of: {', '.join(HINTS)}.")
    identifier = given.get("id") or f"item-{index + 1}"
    return Item(
        clean_slug(identifier, field="id"),
        clean_text(given.get("text", ""), field="text", max_length=MAX_ITEM, required=True, lines=False),
        str(hint),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput.of("", "not_an_item", "Must be a text, or an object with id, text, hint.")
    return value


def items_of(data: Iterable[Mapping[str, str]]) -> tuple[Item, ...]:
    """Return stored items."""
    return tuple(Item(one["id"], one["text"], one.get("hint", "")) for one in data)


def unanswered(items: Iterable[Item], answered: Iterable[str]) -> list[Item]:
    """Return the items that nobody has answered, in their order."""
    known = set(answered)
    return [item for item in items if item.id not in known]

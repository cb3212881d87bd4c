"""People of a schedule: named by id or e-mail address, and able to be called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from opsportal.accounts.selectors import colleagues, display_names
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.notify.services import pageable

INSTEAD_OF = "/instead_of"
AUDITOR = "An auditor reads, and is not on call: choose somebody else."
UNKNOWN = "There is no such active person. Name somebody by id or e-mail address."


@dataclass(frozen=True, slots=True)
class Named:
    """A person as the caller named them, and where."""

    pointer: str
    text: str


def named_in(data: object) -> list[Named]:
    """Return who is named in the settings of a schedule, wherever these have their form."""
    return [
        Named(f"/layers/{layer}/rotation/groups/{group}/{position}", person)
        for layer, rotation in _rotations(data)
        for group, people in enumerate(_items(rotation.get("groups")))
        for position, person in enumerate(_items(people))
        if isinstance(person, str)
    ]


def with_ids(data: object, found: Mapping[str, str]) -> object:
    """Return the settings with the id of each person who is named, as `known` tells it."""
    layers = data.get("layers") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(layers, list):
        return data
    return {**data, "layers": [_layer_with_ids(layer, found) for layer in layers]}


def known(people: Iterable[Named]) -> dict[str, str]:
    """Return the id of each active person by what they were named. One query.

    Auditors are nobody who could be on call; whose place another one takes may have become one.
    Raises `InvalidInput` with a pointer to each who is not one.
    """
    wanted = list(people)
    texts = {one.text.strip().lower() for one in wanted}
    ids = {text: found for text in texts if (found := _uuid(text)) is not None}
    rows = (
        colleagues()
        .filter(Q(pk__in=ids.values()) | Q(email__in=texts - ids.keys()))
        .values_list("pk", "email", "is_auditor")
    )
    auditors = {text for pk, email, is_auditor in rows if is_auditor for text in (str(pk), email)}
    by_text = {text: str(pk) for pk, email, _ in rows for text in (str(pk), email)}
    by_text |= {text: str(pk) for text, pk in ids.items() if str(pk) in by_text}
    errors = [
        FieldError(one.pointer, "unknown", UNKNOWN)
        for one in wanted
        if one.text.strip().lower() not in by_text
    ]
    errors += [
        FieldError(one.pointer, "auditor", AUDITOR)
        for one in wanted
        if by_text.get(one.text.strip().lower()) in auditors and one.pointer != INSTEAD_OF
    ]
    if errors:
        raise InvalidInput(errors)
    return {one.text: by_text[one.text.strip().lower()] for one in wanted}


def refuse_unreachable(
    people: Iterable[Named], ids: Mapping[str, str], *, but: Collection[str] = frozenset()
) -> None:
    """Raise `InvalidInput` with a pointer to each person whom no page can reach.

    `ids` are those of the people by what they were named; `but` are those who are in the schedule already.
    """
    entering = [one for one in people if ids[one.text] not in but]
    asked = {ids[one.text] for one in entering}
    reachable = {str(person) for person in pageable(asked, mail_counts=settings.OPSPORTAL_ONCALL_BY_MAIL)}
    missing = [one for one in entering if ids[one.text] not in reachable]
    names = display_names(("user", ids[one.text]) for one in missing)
    errors = [
        FieldError(
            one.pointer,
            "unreachable",
            f"No page can reach {names['user', ids[one.text]]}. Ask them to add a way to be reached to their"
            " notification settings and to confirm it, then try again.",
        )
        for one in missing
    ]
    if errors:
        raise InvalidInput(errors)


def _rotations(data: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    layers = data.get("layers") if isinstance(data, Mapping) else None
    for position, layer in enumerate(_items(layers)):
        rotation = layer.get("rotation") if isinstance(layer, Mapping) else None
        if isinstance(rotation, Mapping):
            yield position, rotation


def _layer_with_ids(layer: object, found: Mapping[str, str]) -> object:
    rotation = layer.get("rotation") if isinstance(layer, Mapping) else None
    if not isinstance(layer, Mapping) or not isinstance(rotation, Mapping):
        return layer
    groups = rotation.get("groups")
    if not isinstance(groups, list):
        return layer
    return {**layer, "rotation": {**rotation, "groups": [_group_with_ids(group, found) for group in groups]}}


def _group_with_ids(group: object, found: Mapping[str, str]) -> object:
    if not isinstance(group, list):
        return group
    return [found.get(person, person) if isinstance(person, str) else person for person in group]


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""Names of people for a page: asked for once for all, kept for the request, never stored elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from opsportal.core.actor import ActorKind
from opsportal.core.registry import person_names
from opsportal.web.requests import actor_of

Pair = tuple[str, str]
_COLOURS = 8


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a page shows them."""

    name: str
    initials: str
    colour: int
    is_reader: bool
    is_machine: bool


def remember_people(request: HttpRequest, pairs: Iterable[Pair]) -> None:
    """Load the names of all `pairs` (kind, opaque id) by one call, for this page's `{% person %}` tags."""
    known = _known(request)
    wanted = {
        (str(kind), str(identifier))
        for kind, identifier in pairs
        if kind and identifier and kind != ActorKind.SYSTEM and (str(kind), str(identifier)) not in known
    }
    if wanted:
        for names in person_names.values():
            known.update(names(wanted))


def person_of(request: HttpRequest, kind: str, identifier: object) -> Person:
    """Return how to show one person; reads the database only where the view has not remembered them."""
    kind, text = str(kind), str(identifier or "")
    if kind == ActorKind.SYSTEM or not text:
        return Person(name="The portal", initials="", colour=0, is_reader=False, is_machine=True)
    remember_people(request, [(kind, text)])
    name = _known(request).get((kind, text)) or f"former member {text.replace('-', '')[:4]}"
    reader = actor_of(request)
    return Person(
        name=name,
        initials=_initials(name),
        colour=int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % _COLOURS,
        is_reader=reader.kind == kind and reader.id == text,
        is_machine=kind == ActorKind.SERVICE_ACCOUNT,
    )


def _known(request: HttpRequest) -> dict[Pair, str]:
    known: dict[Pair, str] | None = getattr(request, "known_people", None)
    if known is None:
        known = {}
        request.known_people = known  # type: ignore[attr-defined]
    return known


def _initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalnum()]
    letters = [word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)]
    return "".join(letters).upper()

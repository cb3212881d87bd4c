"""Who of the people here is meant by a name of another system. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from incidents.importing.drafts import Draft, PersonDraft


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody here: opaque id, name to show and address."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one reference of the file. `user` is an id here, `""` where nobody is found."""

    person: PersonDraft
    user: str
    by: str
    """How: `given` (somebody said so), `address`, `name`, or `""`."""


def matches(draft: Draft, people: Iterable[Known], given: Mapping[str, str]) -> list[Match]:
    """Return a match for each reference that has a place in the draft, unknown ones first, then by name.

    `given` maps references to ids or addresses of people here; it goes before addresses, and they before
    names. A name that two people share matches neither.
    """
    known = list(people)
    by_id = {one.id: one.id for one in known}
    by_address = {one.email.lower(): one.id for one in known}
    names: dict[str, set[str]] = {}
    for one in known:
        names.setdefault(folded(one.name), set()).add(one.id)
    by_name = {name: next(iter(ids)) for name, ids in names.items() if len(ids) == 1 and name}
    found = [
        _match(draft.people.get(ref) or PersonDraft(ref), given, by_id, by_address, by_name)
        for ref in draft.named()
    ]
    return sorted(found, key=lambda one: (bool(one.user), folded(one.person.name), one.person.ref))


def folded(name: str) -> str:
    """Return a name without case, accents and needless blanks, for comparison only."""
    plain = unicodedata.normalize("NFKD", name)
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).casefold().split())


def _match(
    person: PersonDraft,
    given: Mapping[str, str],
    by_id: Mapping[str, str],
    by_address: Mapping[str, str],
    by_name: Mapping[str, str],
) -> Match:
    if wanted := given.get(person.ref, "").strip():
        user = by_id.get(wanted) or by_address.get(wanted.lower(), "")
        return Match(person, user, "given" if user else "")
    for address in (person.email, person.ref):
        if user := by_address.get(address.strip().lower(), ""):
            return Match(person, user, "address")
    for name in (person.name, person.ref):
        if user := by_name.get(folded(name), ""):
            return Match(person, user, "name")
    return Match(person, "", "")

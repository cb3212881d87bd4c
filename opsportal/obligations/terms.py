"""The words of an obligation: who owes it, and about what. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owes: one person (the user's id as text), or whoever holds one of some roles (slugs) that day.

    A role may also be held for one service or team only: such holders count where it is one of these.
    """

    kind: Literal["user", "role"]
    keys: tuple[str, ...]
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @classmethod
    def user(cls, identifier: object) -> Owner:
        """Return the person with this id as the owner."""
        return cls("user", (str(identifier),))

    @classmethod
    def role(cls, *slugs: str, services: tuple[str, ...] = (), teams: tuple[str, ...] = ()) -> Owner:
        """Return as owner whoever holds a role of these, everywhere or for one of the services or teams."""
        return cls("role", slugs, services, teams)


@dataclass(frozen=True, slots=True)
class Subject:
    """What it is about, by value: `Subject("change", "CHG-1042", "Upgrade the database")`.

    `services` and `teams` (slugs) are those that it touches: roles held for one of them count.
    """

    kind: str
    key: str
    title: str = ""
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


def joined(words: Iterable[str]) -> str:
    """Return words in the form in which they are stored, `|cab|service:payments-api|`, `""` for none.

    Text between bars can be searched for one word on every database.
    """
    text = "|".join(words)
    return f"|{text}|" if text else ""


def parted(text: str) -> tuple[str, ...]:
    """Return the words of a stored text."""
    return tuple(word for word in text.split("|") if word)


def scope_word(kind: str, slug: str) -> str:
    """Return the word for one `service` or `team` in a stored scope."""
    return f"{kind}:{slug}"


def scope_text(services: Iterable[str], teams: Iterable[str]) -> str:
    """Return a scope as it is stored."""
    words = {scope_word("service", slug) for slug in services} | {scope_word("team", slug) for slug in teams}
    return joined(sorted(words))


def scope_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (services, teams) of a stored scope."""
    pairs = [word.partition(":") for word in parted(text)]
    services = tuple(slug for kind, _, slug in pairs if kind == "service")
    return services, tuple(slug for kind, _, slug in pairs if kind == "team")

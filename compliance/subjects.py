"""What rules are about, kind by kind: each area says which subjects of its kind there are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.vocabulary import Facts

ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Known:
    """One subject: its key and title, who answers for it, what is known of it.

    `since` (aware UTC) is from when on something can be owed of it. `services` and `teams` (slugs) are those
    that it belongs to: roles held for one of them count. `owner` is None where nobody has been named.
    """

    key: str
    title: str
    since: datetime
    owner: Owner | None = None
    facts: Facts | None = None
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    def subject(self, kind: str) -> Subject:
        """Return it as what an obligation is about."""
        return Subject(kind, self.key, self.title, self.services, self.teams)


Source = Callable[[datetime], Iterable[Known]]
_sources: dict[str, Source] = {}


def register(kind: str, source: Source) -> None:
    """Say where the subjects of this kind come from. Raises `ValueError` where somebody else did already."""
    if _sources.setdefault(kind, source) is not source:
        raise ValueError(f"subjects of the kind '{kind}' are registered already")


def kinds() -> tuple[str, ...]:
    """Return the kinds that are registered."""
    return tuple(_sources)


def subjects_of(kind: str, now: datetime) -> list[Known]:
    """Return the subjects of this kind that there are at `now` (aware UTC); none of an unknown kind."""
    source = _sources.get(kind)
    return list(source(now)) if source else []

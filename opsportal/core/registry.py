"""The three ways in which apps meet without knowing each other: ask, tell, show.

Registration happens in `AppConfig.ready()`. A name that stands already is a programming error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from django.db.models import CharField, Exists, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, StrIndex

from opsportal.core.actor import Actor

T = TypeVar("T")
M = TypeVar("M", bound=Model)
CalendarKind = Literal["change", "window", "freeze", "meeting", "obligation", "shift"]


class Registry(Generic[T]):
    """Named entries in the order of registration."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        if name in self._entries and self._entries[name] is not entry:
            raise ValueError(f"{self._subject}: '{name}' is registered already")
        self._entries[name] = entry

    def get(self, name: str) -> T | None:
        return self._entries.get(name)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def items(self) -> Iterable[tuple[str, T]]:
        return self._entries.items()

    def values(self) -> Iterable[T]:
        return self._entries.values()


@dataclass(frozen=True, slots=True)
class Panel:
    """A block that a page of another app lays out: a template and what it needs.

    `place` is the page's name for the spot, e.g. `home.waiting`; `context` returns None where
    there is nothing to show.
    """

    place: str
    order: int
    template: str
    context: Callable[[Actor, datetime, Any], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One line of a search answer: the key or name, what it is, and where it leads.

    `snippet` are parts of its text as people wrote it, each with whether it is what was looked for.
    """

    key: str
    title: str
    kind: str
    url: str
    snippet: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class RecentChange:
    """Something that was done to a service: a change carried out, a deployment. `at` is aware UTC."""

    key: str
    title: str
    kind: Literal["change", "deployment"]
    state: str
    at: datetime
    url: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuietSpell:
    """Work on a service that was announced: what alarms there meanwhile is expected. Times are aware UTC."""

    key: str
    title: str
    start: datetime
    end: datetime
    url: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One thing of the calendar page and of its feeds.

    `start` and `end` are aware UTC, `end` not before `start`. `key` is the thing's own, stable over its
    life: a feed makes its UID of it. `state` is the thing's word for where it stands; `cancelled` says
    that it will not take place. `version` grows with each change of the thing (a feed's SEQUENCE).
    `changed_at` is when it last did, where that is known.
    `services` and `environments` are slugs to filter by; none means "all of them".
    """

    key: str
    title: str
    kind: CalendarKind
    start: datetime
    end: datetime
    url: str
    state: str = ""
    cancelled: bool = False
    version: int = 1
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedSource:
    """Something that a personal feed may show: its title, and what it reaches back and ahead.

    `entries` gets the reader, the scope, from and until. `scopes` gives a person what of it there is to
    choose (a key, its title); None where there is nothing to choose, and the scope is empty.
    """

    title: str
    back: timedelta
    ahead: timedelta
    entries: Callable[[Actor, str, datetime, datetime], list[CalendarEntry]]
    scopes: Callable[[Actor], list[tuple[str, str]]] | None = None


panels: Registry[Panel] = Registry("panels")
search_sources: Registry[Callable[[Actor, str, int], list[SearchHit]]] = Registry("search sources")
"""Name -> (actor, text, limit) -> hits."""

calendar_sources: Registry[Callable[[Actor, datetime, datetime], list[CalendarEntry]]] = Registry("calendars")
"""Name -> (reader, from, until: aware, the end not included) -> what of it the reader may see, cancelled
things too; in any order."""

feed_sources: Registry[FeedSource] = Registry("feeds")
"""Kind (stored with each feed) -> what it shows."""

recent_changes: Registry[Callable[[Actor, Collection[str], datetime, datetime], list[RecentChange]]] = (
    Registry("recent changes")
)
"""Name -> (reader, services (slugs), from, until: aware, the end not included) -> what was done to them and
the reader may see, newest first."""

quiet_spells: Registry[Callable[[Collection[str], datetime, datetime], list[QuietSpell]]] = Registry(
    "quiet spells"
)
"""Name -> (services (slugs), from, until: aware) -> announced work on them that touches that time."""

announced_work: Registry[Callable[[str], CalendarEntry | None]] = Registry("announced work")
"""Name (`changes`) -> key of a change -> its window and where it stands, as its own words say; None where
there is no such change, it has no window, or it was never announced."""

key_urls: Registry[Callable[[int], str]] = Registry("key resolvers")
"""Prefix of a key (`CHG`) -> number -> path of its page."""

subject_urls: Registry[Callable[[str], str]] = Registry("subjects")
"""Kind of a thing without a numbered key (`standard`) -> its key -> path of its page."""

hidden_subjects: Registry[Callable[[Actor, datetime], QuerySet[Any] | None]] = Registry("hidden subjects")
"""Kind of a thing (`incident`) -> (reader, now: aware UTC) -> the keys of those whose existence the reader
may not learn of, as a query of one column; None where there are none."""

hidden_paths: Registry[Callable[[Actor, datetime], QuerySet[Any] | None]] = Registry("hidden paths")
"""Name (`incidents`) -> (reader, now: aware UTC) -> the parts of paths beside their keys that lead to those,
such as the back office's, as `hidden_subjects` gives keys."""

rounds_elsewhere: Registry[Callable[[Collection[str]], dict[str, SearchHit]]] = Registry("rounds elsewhere")
"""Kind of what is approved on a page of its own (`policy`) -> keys of its rounds -> key of a round -> what an
agenda shows of it."""

under_other_standards: Registry[Callable[[str, int], int]] = Registry("what runs under standards")
"""What (`changes`) -> (content hash of a standard, cap) -> how many are in flight under another one."""

person_names: Registry[Callable[[Iterable[tuple[str, str]]], dict[tuple[str, str], str]]] = Registry("names")
"""`accounts` fills `people`: (kind, id) pairs -> names to show, "former member 4f2c" for the erased."""


def panels_at(place: str) -> list[Panel]:
    """Return the panels that apps have put at `place`, in order."""
    return sorted((panel for panel in panels.values() if panel.place == place), key=lambda p: p.order)


def seen_only(
    rows: QuerySet[M],
    actor: Actor,
    now: datetime,
    *,
    kind: str = "subject_kind",
    key: str = "subject_key",
) -> QuerySet[M]:
    """Return those of `rows` that tell of nothing that is hidden from `actor` at `now` (aware UTC).

    `kind` and `key` are the columns that name what a row is about, by value.
    """
    for name, keys_of in hidden_subjects.items():
        keys = keys_of(actor, now)
        if keys is not None:
            rows = rows.exclude(Q(**{kind: name, f"{key}__in": keys}))
    return rows


def tells_of_hidden(actor: Actor, now: datetime, *columns: str) -> Q:
    """Return the condition "one of `columns` is a key that is hidden from `actor`" at `now` (aware UTC).

    For rows that keep a key without its kind, such as what people were told about.
    """
    condition = Q(pk__in=[])
    for keys_of in hidden_subjects.values():
        keys = keys_of(actor, now)
        if keys is not None:
            for column in columns:
                condition |= Q(**{f"{column}__in": keys})
    return condition


def path_to_hidden(actor: Actor, now: datetime, path: str) -> Q:
    """Return the condition "the path in the column `path` leads to something hidden from `actor`"."""
    condition = Q(pk__in=[])
    for keys_of in (*hidden_subjects.values(), *hidden_paths.values()):
        keys = keys_of(actor, now)
        if keys is not None:
            (named,) = keys.query.values_select or keys.query.annotation_select
            part = Concat(Value("/"), F(named), Value("/"), output_field=CharField())
            told = Concat(OuterRef(path), Value("/"), output_field=CharField())
            condition |= Q(Exists(keys.annotate(found_at=StrIndex(told, part)).filter(found_at__gt=0)))
    return condition

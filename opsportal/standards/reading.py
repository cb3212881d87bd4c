"""Reading a pack's tables: every wrong key and value is noted, with file, rule, field and reason. Pure.

A reader never stops at the first fault. It hands back a harmless value in its place and goes on, so
that one run tells an author everything; nothing of a pack with a fault is ever used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.standards.language import Expression, compile_expression
from opsportal.standards.syntax import LanguageError, parse_duration
from opsportal.standards.vocabulary import Fact

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?", re.ASCII)
FACT_WORD = re.compile(r"[a-z](?:[a-z0-9_]{0,58}[a-z0-9])?", re.ASCII)
MAX_SHORT = 200
MAX_LONG = 1000
MAX_LIST = 100
MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a pack. `rule` is the rule's id (or its place), `""` outside of rules."""

    file: str
    rule: str
    field: str
    reason: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.rule, self.field) if part)
        return f"{where}: {self.reason}" if where else self.reason


class PackError(Exception):
    """The pack cannot be used. Carries everything that is wrong with it."""

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Where readers note what is wrong. Beyond `MAX_PROBLEMS`, they are only counted."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: dict[Problem, None] = {}
        self._more = 0

    def note(self, rule: str, field: str, reason: str) -> None:
        if len(self._found) >= MAX_PROBLEMS:
            self._more += 1
        else:
            self._found.setdefault(Problem(self._file, rule, field, reason))

    def raise_any(self) -> None:
        """Raise `PackError` where anything was noted."""
        if self._more:
            more = Problem(self._file, "", "", f"and {self._more} more faults; mend these first")
            raise PackError([*self._found, more])
        if self._found:
            raise PackError([*self._found])


class Reader:
    """One table of a pack. Every key that nobody asked for by the end is an unknown key."""

    def __init__(self, table: Mapping[str, object], problems: Problems, rule: str, place: str = "") -> None:
        self._table = table
        self._problems = problems
        self._asked: set[str] = set()
        self.rule = rule
        self.place = place

    def note(self, key: str, reason: str) -> None:
        """Note that the value of `key` is wrong."""
        self._problems.note(self.rule, self._path(key), reason)

    def has(self, key: str) -> bool:
        return key in self._table

    def keys(self) -> list[str]:
        return list(self._table)

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.note(key[:80], f"is not a key that is known here; known are: {known}")

    def text(self, key: str, *, required: bool = False, longest: int = MAX_SHORT, lines: bool = False) -> str:
        """Return the text of `key`, `""` where it is absent or wrong."""
        value = self._take(key, required=required)
        return (
            "" if value is None else self._clean(key, value, longest=longest, required=required, lines=lines)
        )

    def file_name(self, key: str) -> str:
        """Return the name of a file, without any folder."""
        text = self.text(key, required=True)
        if text in {".", ".."} or "/" in text or "\\" in text:
            self.note(key, f"must be the name of a file, without folders; '{text[:60]}' is not")
            return ""
        return text

    def word(self, key: str, pattern: re.Pattern[str] = SLUG, *, required: bool = True) -> str:
        """Return the identifier of `key`."""
        text = self.text(key, required=required)
        if text and not pattern.fullmatch(text):
            allowed = (
                "small letters, digits and _" if pattern is FACT_WORD else "small letters, digits, - and _"
            )
            self.note(key, f"must be {allowed}, at most 60 characters; '{text[:60]}' is not")
            return ""
        return text

    def one_of(self, key: str, choices: Collection[str], *, default: str = "") -> str:
        """Return one of `choices`; without a `default`, the key is required."""
        value = self.text(key, required=not default)
        if value and value not in choices:
            self.note(key, f"must be one of {', '.join(choices)}; '{value[:60]}' is not")
            value = ""
        return value or default or next(iter(choices))

    def words(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of texts; one text alone counts as a list of one."""
        value = self._take(key, required=required)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if len(items) > MAX_LIST:
            self.note(key, f"has {len(items)} items; at most {MAX_LIST} are read")
            return ()
        texts = tuple(self._clean(key, item, longest=MAX_SHORT, required=True, lines=False) for item in items)
        if len(set(texts)) != len(texts):
            self.note(key, "names something twice")
        if required and not texts:
            self.note(key, "is empty")
        return tuple(dict.fromkeys(text for text in texts if text))

    def integer(self, key: str, *, lowest: int, highest: int) -> int:
        """Return the whole number of `key`, which is required."""
        value = self._take(key, required=True)
        if value is None:
            return lowest
        if isinstance(value, bool) or not isinstance(value, int):
            self.note(key, f"must be a whole number, not {_kind(value)}")
        elif not lowest <= value <= highest:
            self.note(key, f"must be from {lowest} to {highest}")
        else:
            return value
        return lowest

    def boolean(self, key: str) -> bool:
        """Return true or false; false where it is absent."""
        value = self._take(key, required=False)
        if value is not None and not isinstance(value, bool):
            self.note(key, f"must be true or false, not {_kind(value)}")
        return value is True

    def day(self, key: str) -> date | None:
        """Return a date, as TOML or ISO 8601 writes it, or None."""
        value = self._take(key, required=False)
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                value = None
                self.note(key, "must be a date like 2026-01-31")
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            self.note(key, f"must be a date like 2026-01-31, not {_kind(value)}")
            return None
        return value

    def duration(self, key: str, *, required: bool = True) -> timedelta:
        """Return the duration of `key`; zero where it is absent or wrong."""
        text = self.text(key, required=required)
        return self._duration(key, text) if text else timedelta()

    def durations(self, key: str) -> tuple[timedelta, ...]:
        return tuple(self._duration(key, text) for text in self.words(key))

    def expression(
        self, key: str, facts: Mapping[str, Fact], elsewhere: Mapping[str, Fact]
    ) -> Expression | None:
        """Return the condition of `key`, checked against `facts`; None where it is absent or wrong."""
        value = self._take(key, required=False)
        if value is None:
            return None
        if not isinstance(value, str):
            self.note(key, f"must be a condition in quotes, not {_kind(value)}")
            return None
        try:
            return compile_expression(value.strip(), facts, elsewhere=elsewhere)
        except LanguageError as error:
            self.note(key, str(error))
            return None

    def table(self, key: str, *, required: bool = False) -> Reader | None:
        """Return the reader of the table `key`."""
        value = self._take(key, required=required)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.note(key, f"must be a table, not {_kind(value)}")
            return None
        return Reader(value, self._problems, self.rule, self._path(key))

    def tables(self, key: str, *, most: int = MAX_LIST) -> list[Reader]:
        """Return the readers of a list of tables. Each is named by its `id`, or by its place."""
        value = self._take(key, required=False)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.note(key, f"must be a list of tables: [[{key}]]")
            return []
        if len(value) > most:
            self.note(key, f"there are {len(value)}; at most {most} are read")
            return []
        return [
            Reader(item, self._problems, self.rule, self._path(f"{key}[{n}]"))
            for n, item in enumerate(value, 1)
        ]

    def raw(self, key: str) -> object:
        """Return whatever stands at `key`, for the few that take more than one type."""
        return self._take(key, required=False)

    def _take(self, key: str, *, required: bool) -> object:
        self._asked.add(key)
        if required and key not in self._table:
            self.note(key, "is missing")
        return self._table.get(key)

    def _path(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def _clean(self, key: str, value: object, *, longest: int, required: bool, lines: bool) -> str:
        if not isinstance(value, str):
            self.note(key, f"must be text, not {_kind(value)}")
            return ""
        try:
            return clean_text(value, field=key, max_length=longest, required=required, lines=lines)
        except InvalidInput as error:
            self.note(key, error.errors[0].detail)
            return ""

    def _duration(self, key: str, text: str) -> timedelta:
        try:
            return parse_duration(text)
        except LanguageError as error:
            self.note(key, str(error))
            return timedelta()


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case date():
            return "a date"
    return "this"

"""Every statement of a document, and what the standard made of it. Pure.

A statement is what a document lists: a bullet, a row of a table, a numbered step, a line of configuration or
code, a line of a head like `**Version**: 1.0`. Its id is its line, which stays while the document does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from opsportal.standards.answers import Escalation, Trigger
from opsportal.standards.rules import Listed, Rule, Source, Standard

Sort = Literal["bullet", "row", "step", "line", "fact"]
Entry = Rule | Escalation | Trigger | Listed

REACH = 45
"""A quotation shortened by " / " goes on at most this many lines below."""

_FENCE = re.compile(r"^\s*```")
_BULLET = re.compile(r"^\s*[-*+]\s+(?=\S)")
_STEP = re.compile(r"^\s*\d+[.)]\s+(?=\S)")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULER = re.compile(r"^[\s|:+-]+$")
_FACT = re.compile(r"^\*{1,2}[^*]+:?\*{1,2}:?\s*\S")
_WORD = re.compile(r"[^\W_]")
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: the line (from 1) that it stands in, what it is, and its text."""

    line: int
    sort: Sort
    text: str

    @property
    def id(self) -> str:
        return f"L{self.line}"


@dataclass(frozen=True, slots=True)
class Covered:
    """A statement, the mechanisms that it became, and the reasons why nothing more came of it."""

    statement: Statement
    rules: tuple[Rule | Escalation | Trigger, ...]
    listed: tuple[Listed, ...]

    @property
    def is_left_out(self) -> bool:
        return not self.rules and not self.listed


def statements(lines: Sequence[str]) -> list[Statement]:
    """Return every statement of a document, in its order. Headings, rulers and prose are none."""
    found: list[Statement] = []
    fenced = False
    for number, line in enumerate(lines, 1):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        sort = _line_sort(line) if fenced else _sort(lines, number - 1)
        if sort is not None:
            found.append(Statement(number, sort, line.strip()))
    return found


def quoted_lines(source: Source, lines: Sequence[str]) -> list[int]:
    """Return the lines (from 1) at which the parts of a quotation stand; 0 where one stands nowhere."""
    found: list[int] = []
    at = source.line
    for part in source.quote.split(" / "):
        reach = range(at, at + 1 if not found else min(at + REACH, len(lines) + 1))
        at = next((number for number in reach if number <= len(lines) and part in lines[number - 1]), 0)
        found.append(at)
        if not at:
            break
    return found


def sources_of(entry: Entry) -> tuple[Source, ...]:
    """Return everything that an entry of a standard quotes."""
    return (entry.source, *entry.also)


def coverage(standard: Standard, lines: Sequence[str]) -> list[Covered]:
    """Return every statement of the document of `standard` with what became of it.

    `lines` are those of the document of that name; what is quoted from other documents is left aside.
    """
    mechanisms: dict[int, list[Rule | Escalation | Trigger]] = {}
    listed: dict[int, list[Listed]] = {}
    every: tuple[Rule | Escalation | Trigger, ...] = (
        *standard.rules,
        *standard.escalations,
        *standard.triggers,
    )
    for one in every:
        for line in _lines_of(one, standard.document, lines):
            mechanisms.setdefault(line, []).append(one)
    for entry in standard.listed:
        for line in _lines_of(entry, standard.document, lines):
            listed.setdefault(line, []).append(entry)
    return [
        Covered(one, tuple(mechanisms.get(one.line, ())), tuple(listed.get(one.line, ())))
        for one in statements(lines)
    ]


def report(standard: Standard, lines: Sequence[str]) -> str:
    """Return the coverage of a standard's document as a page of Markdown."""
    found = coverage(standard, lines)
    held = sum(bool(one.rules) for one in found)
    aside = sum(not one.rules and bool(one.listed) for one in found)
    left = sum(one.is_left_out for one in found)
    head = [
        f"# Coverage of {standard.document}",
        "",
        f"{standard.title}, pack `{standard.name}`, version {standard.version}.",
        "",
        f"The document makes {len(found)} statements. {held} became a gate, an obligation, a target, a duty,"
        f" an escalation or a trigger; {aside} are listed with the reason why they have none; {left} are"
        " left out.",
        "",
        "| id | statement | what became of it |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *(_row(one) for one in found)]) + "\n"


def _row(one: Covered) -> str:
    parts = [f"`{entry.id}` ({_kind(entry)})" for entry in one.rules]
    if not parts:
        parts = [f"listed: {entry.reason}" for entry in one.listed] or ["**left out**"]
    return f"| {one.statement.id} | {_cell(one.statement.text)} | {'; '.join(dict.fromkeys(parts))} |"


def _kind(entry: Rule | Escalation | Trigger) -> str:
    if isinstance(entry, Rule):
        return entry.kind
    return "escalation" if isinstance(entry, Escalation) else "trigger"


def _cell(text: str) -> str:
    plain = re.sub(r"[*`|<>\[\]]", " ", text)
    return re.sub(r"\s+", " ", plain).strip()


def _lines_of(entry: Entry, document: str, lines: Sequence[str]) -> Iterable[int]:
    return {
        line
        for source in sources_of(entry)
        if source.document == document
        for line in quoted_lines(source, lines)
        if line
    }


def _line_sort(line: str) -> Sort | None:
    return "line" if _WORD.search(line) else None


def _sort(lines: Sequence[str], index: int) -> Sort | None:
    line = lines[index]
    if _ROW.match(line):
        head = index + 1 < len(lines) and _RULER.match(lines[index + 1]) is not None
        return None if head or _RULER.match(line) or not _WORD.search(line) else "row"
    if _RULER.match(line):
        return None
    if _STEP.match(line):
        return "step"
    if _BULLET.match(line):
        return "bullet"
    # A head like `**Version**: 1.0.0`: a name in bold, and a value behind it.
    return "fact" if _FACT.match(line) and _NUMBER.search(line) else None

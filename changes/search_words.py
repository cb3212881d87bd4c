"""Words of texts and of queries, the same way on every database. Pure.

A word is a run of letters and digits, without case and accents; of Chinese, Japanese and Korean each
character is one. What is looked for must all be there: beginnings of words, phrases in quotes, keys whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from opsportal.core.keys import parse_key

MOST_WORDS = 12
MOST_CHARACTERS = 100_000
"""Of one document. PostgreSQL keeps a megabyte of words at most for one row, and refuses more."""
_MOST_OF_A_WORD = 100
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_BEFORE, _AFTER = 60, 160


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after the other; with `begins` the last may go on."""

    words: tuple[str, ...]
    begins: bool


def words_of(text: str) -> list[str]:
    """Return the words of `text` in order."""
    return [word for match in _WORD.finditer(text) if (word := _folded(match[0]))]


def searchable(texts: Iterable[str]) -> str:
    """Return the words of these texts as one line, cut where it becomes too long."""
    line = " ".join(" ".join(words_of(text)) for text in texts if text)
    return line if len(line) <= MOST_CHARACTERS else line[:MOST_CHARACTERS].rpartition(" ")[0]


def terms_of(query: str) -> tuple[Term, ...]:
    """Return what a query looks for; nothing where it has no word. Twelve words count at most."""
    terms: list[Term] = []
    left = MOST_WORDS
    for match in _TERM.finditer(query):
        quoted = match[1] is not None
        text = match[1] if quoted else match[2]
        words = tuple(words_of(text))[:left]
        left -= len(words)
        if words:
            terms.append(Term(words, begins=not quoted and parse_key(text) is None))
    return tuple(dict.fromkeys(terms))


def as_tsquery(terms: Sequence[Term]) -> str:
    """Return the terms as PostgreSQL's `to_tsquery` reads them. Words are letters and digits only."""
    return " & ".join(
        "(" + " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.begins else "") + ")"
        for term in terms
    )


def as_fts5(terms: Sequence[Term]) -> str:
    """Return the terms as SQLite's FTS5 reads them."""
    return " AND ".join(f'"{" ".join(term.words)}"{"*" if term.begins else ""}' for term in terms)


def snippet(texts: Iterable[str], terms: Sequence[Term]) -> tuple[tuple[str, bool], ...]:
    """Return a piece of the first of these texts that holds a term: parts, each with whether it is a hit.

    Empty where none does. The parts are text as people wrote it: whoever shows them escapes them.
    """
    for text in texts:
        hits = list(_hits(text, terms))
        if hits:
            start = _edge(text, hits[0][0] - _BEFORE)
            return tuple(_parts(text, hits, start, min(len(text), hits[0][1] + _AFTER)))
    return ()


def _hits(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    found = [(match.start(), match.end(), _folded(match[0])) for match in _WORD.finditer(text)]
    found = [one for one in found if one[2]]
    for index in range(len(found)):
        for term in terms:
            run = found[index : index + len(term.words)]
            if len(run) == len(term.words) and _fits([word for _, _, word in run], term):
                yield run[0][0], run[-1][1]
                break


def _fits(words: Sequence[str], term: Term) -> bool:
    if words[:-1] != list(term.words[:-1]):
        return False
    return words[-1].startswith(term.words[-1]) if term.begins else words[-1] == term.words[-1]


def _parts(text: str, hits: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[str, bool]]:
    here = start
    if start:
        yield "… ", False
    for first, last in hits:
        if first < here or last > end:
            continue
        if first > here:
            yield text[here:first], False
        yield text[first:last], True
        here = last
    yield text[here:end] + (" …" if end < len(text) else ""), False


def _edge(text: str, wanted: int) -> int:
    """Return where a word begins at or after `wanted`."""
    if wanted <= 0:
        return 0
    blank = re.compile(r"\s").search(text, wanted)
    return blank.end() if blank and blank.end() <= wanted + _BEFORE else wanted


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).casefold()
    return "".join(char for char in plain if char.isalnum())[:_MOST_OF_A_WORD]

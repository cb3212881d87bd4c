"""What differs between two versions of a text, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")
MAX_PIECES = 1_200
"""A longer text is shown as removed and added as a whole: comparing it would take too long."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that is `same`, `gone` or `new`."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[Run]:
    """Return the runs that lead from `before` to `after`."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if len(old) + len(new) > MAX_PIECES:
        return list(_replaced(before, after))
    runs: list[Run] = []
    gone = came = ""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        before_here, after_here = "".join(old[i1:i2]), "".join(new[j1:j2])
        if tag != "equal":
            gone, came = gone + before_here, came + after_here
        elif (gone or came) and before_here.isspace() and i2 < len(old):
            # A blank between two changed words belongs to both: "we need" became "my own".
            gone, came = gone + before_here, came + after_here
        else:
            runs.extend(_replaced(gone, came))
            runs.append(Run("same", before_here))
            gone = came = ""
    runs.extend(_replaced(gone, came))
    return runs


def _replaced(before: str, after: str) -> Iterator[Run]:
    if before:
        yield Run("gone", before)
    if after:
        yield Run("new", after)

"""What differs between two versions of a runbook, line by line. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_LINES = 3_000
"""Longer texts are shown as removed and added as a whole: comparing them would take too long."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is the `same`, `gone` or `new`."""

    kind: Literal["same", "gone", "new"]
    text: str


def line_difference(before: str, after: str) -> list[Line]:
    """Return the lines that lead from `before` to `after`, in order; gone ones ahead of new ones."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) + len(new) > MOST_LINES:
        return [*(Line("gone", line) for line in old), *(Line("new", line) for line in new)]
    lines: list[Line] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines.extend(Line("same", line) for line in old[i1:i2])
        else:
            lines.extend(Line("gone", line) for line in old[i1:i2])
            lines.extend(Line("new", line) for line in new[j1:j2])
    return lines

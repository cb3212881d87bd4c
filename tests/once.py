"""Casts that many tests begin with: made by the services once, and stored again as they were from then on.

What is stored is what the services stored the first time, row by row: people, holdings, history, audit
entries. It takes a few milliseconds where the services take a hundred.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from tests.tables import Rows, any_row, everything, insertion, store

T = TypeVar("T")
P = ParamSpec("P")


@dataclass
class _Kept:
    """What one maker stored and returned."""

    empty_before: frozenset[str]
    statements: list[tuple[str, list[Any]]] = field(repr=False)
    result: bytes = field(repr=False)


def made_once(make: Callable[[], T]) -> Callable[[], T]:
    """Let `make` work once in this process on a database that nobody has written to.

    Whoever calls it on such a database later gets the same rows under the same keys, and an equal result.
    Where somebody has written before, `make` works as ever.
    """
    kept: list[_Kept] = []

    @functools.wraps(make)
    def made() -> T:
        if not kept:
            return _first(make, kept)
        if any_row(kept[0].empty_before):
            return make()
        store(kept[0].statements)
        result: T = pickle.loads(kept[0].result)  # noqa: S301 - our own, of this process
        return result

    return made


def _first(make: Callable[[], T], kept: list[_Kept]) -> T:
    before = everything()
    result = make()
    added = _added(before, everything())
    if added is not None:
        empty = frozenset(label for label, rows in before.items() if not rows)
        kept.append(_Kept(empty, insertion(added), pickle.dumps(result)))
    return result


def _added(before: Rows, after: Rows) -> Rows | None:
    """Return the new rows, or None where something stood in their tables before."""
    changed = {label: rows for label, rows in after.items() if rows != before[label]}
    return None if any(before[label] for label in changed) else changed

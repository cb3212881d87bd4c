"""Stretches of time, half-open and in UTC, and what can be done with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` to `end` (aware), the end not included."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return max(self.end - self.start, timedelta())

    def cut(self, other: Span) -> Span:
        """Return what both have in common; of no length where that is nothing."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.end, other.end)))


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call in one role (`primary`, `secondary`, …), from an instant to another (aware UTC).

    `user` is the person's opaque id. `layer` names where it comes from, e.g. a rotation.
    """

    user: str
    role: str
    start: datetime
    end: datetime
    layer: str = ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same time as the fewest spans, in order."""
    joined: list[Span] = []
    for span in sorted(one for one in spans if one.start < one.end):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what of `spans` is in none of `taken`, in order."""
    left: list[Span] = []
    holes = union(taken)
    for span in union(spans):
        start = span.start
        for hole in holes:
            if hole.end <= start:
                continue
            if hole.start >= span.end:
                break
            if hole.start > start:
                left.append(Span(start, hole.start))
            start = max(start, hole.end)
        if start < span.end:
            left.append(Span(start, span.end))
    return left


def total(spans: Iterable[Span]) -> timedelta:
    """Return how much time they are, none of it counted twice."""
    return sum((span.length for span in union(spans)), timedelta())

"""Whose coming shifts differ between two rosters, and how. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from incidents.roster.spans import Shift, Span, without

MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Move:
    """What differs for one person in one role: time that they have no more, and time that is new."""

    role: str
    lost: tuple[Span, ...]
    gained: tuple[Span, ...]


def moves(before: Iterable[Shift], after: Iterable[Shift], within: Span) -> Mapping[str, tuple[Move, ...]]:
    """Return for each person whose time on call differs within that time what they lose and gain.

    Who is on call at the same times as before is not in it, however the shifts are cut.
    """
    then, now = _by_person(before, within), _by_person(after, within)
    found: dict[str, list[Move]] = {}
    for key in sorted({*then, *now}):
        old, new = then.get(key, []), now.get(key, [])
        lost, gained = without(old, new), without(new, old)
        if lost or gained:
            found.setdefault(key[0], []).append(Move(key[1], tuple(lost), tuple(gained)))
    return {user: tuple(theirs) for user, theirs in found.items()}


def wording(theirs: Iterable[Move], zone: str) -> list[str]:
    """Return the lines that tell a person what moved, in their own zone, by time; the first few of many."""
    lines = sorted(
        (span, words, move.role)
        for move in theirs
        for words, spans in (("No longer yours", move.lost), ("Yours now", move.gained))
        for span in spans
    )
    told = [f"{words}: {span_text(span, zone)}, {role}" for span, words, role in lines[:MOST_LINES]]
    return [*told, f"… and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else told


def span_text(span: Span, zone: str) -> str:
    """Return a span as a person of that zone reads it: "Mon 30 Nov 09:00 – Mon 7 Dec 09:00 (CET)"."""
    clock = ZoneInfo(zone)
    start, end = span.start.astimezone(clock), span.end.astimezone(clock)
    until = end.strftime("%H:%M") if start.date() == end.date() else moment_text(end)
    offsets = dict.fromkeys([start.strftime("%Z"), end.strftime("%Z")])
    return f"{moment_text(start)} – {until} ({', '.join(offsets)})"


def moment_text(local: datetime) -> str:
    """Return a local time as it is written in messages: "Mon 30 Nov 09:00"."""
    return f"{local.strftime('%a')} {local.day} {local.strftime('%b %H:%M')}"


def _by_person(shifts: Iterable[Shift], within: Span) -> dict[tuple[str, str], list[Span]]:
    found: dict[tuple[str, str], list[Span]] = {}
    for shift in shifts:
        part = shift.span.cut(within)
        if part.length:
            found.setdefault((shift.user, shift.role), []).append(part)
    return found

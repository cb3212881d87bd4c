"""What of a final schedule is published as shifts, and what that changes in those published before. Pure.

A shift is one person in one role without a break. It is the same shift as before where person, role and
beginning are; then its UID stays, and its SEQUENCE grows with each change (RFC 5545, 3.8.7.4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from incidents.oncall.schedule import Segment
from incidents.roster.spans import Shift, Span

_UID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Published:
    """A shift that was published: what names it in the store, and what was said of it; whether it is off."""

    pk: int
    shift: Shift
    instead_of: str = ""
    off: bool = False


@dataclass(frozen=True, slots=True)
class New:
    """A shift as it is now; `pk` is that of the published one that it goes on with, if any."""

    shift: Shift
    instead_of: str
    pk: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be written: new shifts, changed ones, and the keys of those that are off."""

    new: tuple[New, ...]
    changed: tuple[New, ...]
    off: tuple[int, ...]


def shifts_in(segments: Iterable[Segment]) -> list[tuple[Shift, str]]:
    """Return the shifts of a final schedule, and for each whom the person stands in for at its beginning."""
    standing: dict[tuple[str, str], tuple[Shift, str]] = {}
    found: list[tuple[Shift, str]] = []
    for segment in segments:
        present = {(duty.user_id, duty.role): duty for duty in segment.duties}
        for key in [key for key in standing if key not in present]:
            found.append(standing.pop(key))
        for key, duty in present.items():
            if key in standing:
                shift, instead_of = standing[key]
                standing[key] = replace(shift, end=segment.end), instead_of
            else:
                begun = Shift(duty.user_id, duty.role, segment.start, segment.end, duty.layer)
                standing[key] = begun, duty.instead_of
    found += standing.values()
    return sorted(found, key=lambda one: (one[0].start, one[0].role, one[0].user))


def changes(before: Iterable[Published], after: Iterable[tuple[Shift, str]], window: Span) -> Changes:
    """Return what differs between what was published and what holds now, both within `window`.

    A shift that began before the window keeps the beginning under which it was published; one that was off
    and is on again is the same shift.
    """
    known = {(one.shift.user, one.shift.role, one.shift.start): one for one in before}
    running = {
        (one.shift.user, one.shift.role): one
        for one in known.values()
        if not one.off and one.shift.start < window.start <= one.shift.end
    }
    new: list[New] = []
    changed: list[New] = []
    kept: set[int] = set()
    for shift, instead_of in after:
        same = known.get((shift.user, shift.role, shift.start))
        if same is None and shift.start <= window.start:
            same = running.get((shift.user, shift.role))
        if same is None:
            new.append(New(shift, instead_of))
            continue
        kept.add(same.pk)
        now = replace(shift, start=same.shift.start)
        said = (same.shift.end, same.shift.layer, same.instead_of)
        if same.off or (now.end, now.layer, instead_of) != said:
            changed.append(New(now, instead_of, same.pk))
    off = sorted(
        one.pk
        for one in known.values()
        if one.pk not in kept and not one.off and one.shift.end > window.start
    )
    return Changes(tuple(new), tuple(changed), tuple(off))


def uid_of(schedule: int, shift: Shift) -> str:
    """Return what names a shift for good: of schedule, person, role and beginning."""
    text = f"{schedule}|{shift.user}|{shift.role}|{shift.start.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()[:_UID_LENGTH]


def reminder_of(start: datetime, now: datetime, ahead: timedelta) -> datetime | None:
    """Return when the person is reminded of a shift that begins at `start`; None where that has passed."""
    at = start - ahead
    return at if at > now else None

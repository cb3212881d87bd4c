"""A regular rotation in who is on call when, as a layer; what deviates from it stays an exception. Pure.

Regular is: turns that begin so many whole days apart at the same time on the wall, are of one length, and go
round among at least two in a fixed order. A layer goes on by itself, and its people can be changed; hundreds
of exceptions cannot.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from incidents.importing.drafts import LayerDraft, OverrideDraft, StretchDraft
from incidents.roster.spans import Span
from opsportal.calendar.recurrence import wall_instant

NAME = "Rotation"
LEAST_TURNS = 4
MOST_ORDER = 26
"""How many turns an order may have before it begins anew: two calendars of a quarter in weeks."""
_MOST_STEP = 56
_FEWER = 2
"""A rotation is worth it where it leaves so many times fewer exceptions."""
_DAY = timedelta(days=1)
Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """The layer, and the exceptions that are left."""

    layer: LayerDraft
    overrides: tuple[OverrideDraft, ...]


@dataclass(frozen=True, slots=True)
class _Beat:
    """Turns begin every `step` days from `day` on at `at` (on the wall), and last `days` until `until`."""

    day: date
    at: time
    step: int
    days: int
    until: time

    def turn(self, number: int, zone: ZoneInfo) -> Span:
        day = self.day + number * self.step * _DAY
        return Span(wall_instant(day, self.at, zone), wall_instant(day + self.days * _DAY, self.until, zone))

    @property
    def is_whole(self) -> bool:
        """Whether one turn follows the other without a gap."""
        return (self.days, self.until) == (self.step, self.at)


def recognised(pieces: Sequence[OverrideDraft], *, zone: str, within: Span) -> Recognised | None:
    """Return the rotation in `pieces` (in order, without overlaps, cut to `within`), or None."""
    clock = ZoneInfo(zone)
    whole = [one for one in pieces if one.start > within.start and one.end < within.end]
    best: Recognised | None = None
    for beat in _beats(whole, clock):
        found = _by(beat, pieces, clock, within)
        if found is not None and (best is None or len(found.overrides) < len(best.overrides)):
            best = found
    worth = best is not None and (len(best.overrides) + 1) * _FEWER <= len(pieces)
    return best if worth else None


def _beats(whole: Sequence[OverrideDraft], zone: ZoneInfo) -> Iterator[_Beat]:
    """Yield the likely beats: of the commonest time of the day, length, and distance of the turns."""
    shapes: Counter[tuple[time, int, time]] = Counter()
    starts: dict[tuple[time, int, time], list[date]] = {}
    for one in whole:
        begun, ended = one.start.astimezone(zone), one.end.astimezone(zone)
        shape = (begun.time(), (ended.date() - begun.date()).days, ended.time())
        shapes[shape] += 1
        starts.setdefault(shape, []).append(begun.date())
    for shape, _ in shapes.most_common(3):
        at, days, until = shape
        steps = Counter((later - day).days for day, later in pairwise(starts[shape]))
        # Where nobody has two turns in a row, whole turns follow each other; they are of that length then.
        for step in dict.fromkeys([one for one, _ in steps.most_common(3)]):
            if 0 < step <= _MOST_STEP and (days, until) <= (step, at):
                yield _Beat(starts[shape][0], at, step, days, until)


def _by(beat: _Beat, pieces: Sequence[OverrideDraft], zone: ZoneInfo, within: Span) -> Recognised | None:
    stretches = _stretches(beat)
    if stretches is None:
        return None
    first, last = _reach(beat, pieces, zone)
    turns = [beat.turn(number, zone) for number in range(first, last + 1)]
    held = _holders(turns, pieces, within)
    order = _order(held)
    if order is None:
        return None
    begun = beat.day + first * beat.step * _DAY
    until: datetime | None = None
    if turns[-1].end < within.end - beat.step * _DAY:
        ended = begun + len(turns) * beat.step * _DAY
        until = datetime.combine(ended, beat.at)
    weeks = beat.step % 7 == 0
    layer = LayerDraft(
        NAME,
        datetime.combine(begun, beat.at),
        "week" if weeks else "day",
        beat.step // 7 if weeks else beat.step,
        order,
        stretches,
        until=until,
    )
    own = [
        OverrideDraft(max(turn.start, within.start), min(turn.end, within.end), order[number % len(order)])
        for number, turn in enumerate(turns)
        if turn.end > within.start
    ]
    return Recognised(layer, tuple(_deviations(pieces, own)))


def _stretches(beat: _Beat) -> tuple[StretchDraft, ...] | None:
    """Return when of its turn somebody is on call at all; None where no layer can say it."""
    if beat.is_whole:
        return ()
    if beat.step == 1:
        return (StretchDraft(beat.at, beat.until),)
    if beat.step == 7 and beat.days < 7:
        end = (beat.day + beat.days * _DAY).weekday()
        if beat.days:
            return (StretchDraft(beat.at, beat.until, (beat.day.weekday(),), end),)
        return (StretchDraft(beat.at, beat.until, (beat.day.weekday(),)),)
    return None


def _reach(beat: _Beat, pieces: Sequence[OverrideDraft], zone: ZoneInfo) -> tuple[int, int]:
    """Return the numbers of the first and the last turn that the pieces reach into."""
    first = pieces[0].start.astimezone(zone)
    before = (beat.day - first.date()).days
    number = -(-before // beat.step)
    low = -number
    while beat.turn(low, zone).start > pieces[0].start:
        low -= 1
    while beat.turn(low, zone).end <= pieces[0].start:
        low += 1
    high = low
    while beat.turn(high + 1, zone).start < pieces[-1].end:
        high += 1
    return low, high


def _holders(turns: Sequence[Span], pieces: Sequence[OverrideDraft], within: Span) -> list[Group | None]:
    """Return who has each turn, as far as it is `within`; None where several share it or nobody has it."""
    starts = [one.start for one in pieces]
    found: list[Group | None] = []
    for turn in turns:
        part = turn.cut(within)
        place = bisect_right(starts, part.start) - 1
        covers = place >= 0 and pieces[place].end >= part.end
        found.append(pieces[place].people if covers else None)
    return found


def _order(held: Sequence[Group | None]) -> tuple[Group, ...] | None:
    """Return the order in which the turns go round, the shortest that fits most of them; None for none."""
    known = sum(one is not None for one in held)
    if known < LEAST_TURNS:
        return None
    for length in range(2, min(MOST_ORDER, len(held) // 2) + 1):
        places = [Counter(one for one in held[place::length] if one is not None) for place in range(length)]
        if not all(places):
            continue
        order = tuple(place.most_common(1)[0][0] for place in places)
        fits = sum(one == order[number % length] for number, one in enumerate(held))
        if len(set(order)) > 1 and fits * 5 >= known * 4 and fits >= LEAST_TURNS:
            return order
    return None


def _deviations(pieces: Sequence[OverrideDraft], own: Sequence[OverrideDraft]) -> Iterator[OverrideDraft]:
    """Yield where the calendar differs from the rotation: who is on call instead, in a hole nobody."""
    edges = sorted({edge for one in (*pieces, *own) for edge in (one.start, one.end)})
    standing: OverrideDraft | None = None
    for start, end in pairwise(edges):
        told, turns = _at(pieces, start), _at(own, start)
        if told == turns:
            continue
        people = told or ()
        if standing is not None and standing.end == start and standing.people == people:
            standing = OverrideDraft(standing.start, end, people)
            continue
        if standing is not None:
            yield standing
        standing = OverrideDraft(start, end, people)
    if standing is not None:
        yield standing


def _at(pieces: Sequence[OverrideDraft], moment: datetime) -> Group | None:
    place = bisect_right(pieces, moment, key=lambda one: one.start) - 1
    return pieces[place].people if place >= 0 and pieces[place].end > moment else None

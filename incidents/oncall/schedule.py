"""Who is on call: at an instant, and over a time without gaps in the answer. Pure.

Intervals are half-open. What was is answered from the settings as they were then: a version is in force
from its `valid_from` until that of the next one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from incidents.oncall.layers import Piece
from incidents.oncall.overrides import Duty, Override, apply, in_order
from incidents.oncall.roles import rank
from incidents.oncall.settings import Settings
from incidents.oncall.zones import NEVER, instant_moment, moment_instant


@dataclass(frozen=True)
class Version:
    """Settings, and since when they hold (aware)."""

    valid_from: datetime
    settings: Settings


@dataclass(frozen=True, slots=True)
class OnCall:
    """One person on call at an instant, with from and until (aware UTC) as far as nothing else is planned."""

    duty: Duty
    start: datetime
    until: datetime | None

    @property
    def user_id(self) -> str:
        return self.duty.user_id

    @property
    def role(self) -> str:
        return self.duty.role

    @property
    def layer(self) -> str:
        """The name of the layer, empty for who came by an override alone."""
        return self.duty.layer


@dataclass(frozen=True, slots=True)
class Segment:
    """A time (aware UTC, half-open) in which the same people are on call for the same reasons.

    `missing` are roles that must be covered and that nobody has; `overrides` the numbers of those in force.
    """

    start: datetime
    end: datetime
    duties: tuple[Duty, ...]
    missing: tuple[str, ...]
    overrides: tuple[int, ...] = ()

    @property
    def is_gap(self) -> bool:
        """Whether nobody at all is on call, or a role that must be covered is empty."""
        return not self.duties or bool(self.missing)


def settings_at(versions: Sequence[Version], at: datetime) -> Settings | None:
    """Return the settings that held at an instant (of versions in order), or None before the first."""
    instant = moment_instant(at)
    found = bisect_right([moment_instant(version.valid_from) for version in versions], instant)
    return versions[found - 1].settings if found else None


def on_call(settings: Settings, overrides: Iterable[Override], at: datetime) -> list[OnCall]:
    """Return who is on call at an instant (aware), the primary first.

    From and until are those of the turn or the override, cut where another layer or override takes over.
    `overrides` may hold more than those in force at `at`; those that begin later cut `until`.
    """
    instant = moment_instant(at)
    pieces = [course.at(instant) for course in settings.courses]
    ordered = in_order(overrides)
    active = [one for one in ordered if one.begins <= instant < one.ends]
    duties = apply(_visible(settings, [piece and piece.group for piece in pieces]), active)
    bounds = _Bounds(settings, pieces, ordered, instant)
    return [bounds.of(duty) for duty in sorted(duties, key=lambda duty: rank(duty.role))]


def final_schedule(
    versions: Sequence[Version], overrides: Iterable[Override], start: datetime, end: datetime
) -> list[Segment]:
    """Return the schedule from `start` to `end` (aware): gapless, gaps included, and merged.

    `versions` are in the order of their `valid_from`; before the first nobody is on call. Neighbours
    differ in who is on call, why, or which roles are missing.
    """
    low, high = moment_instant(start), moment_instant(end)
    ordered = in_order(overrides)
    found = _Merger()
    empty = Settings("UTC", must_cover=())
    spans = [(-NEVER, empty), *((moment_instant(one.valid_from), one.settings) for one in versions)]
    for position, (since, settings) in enumerate(spans):
        until = spans[position + 1][0] if position + 1 < len(spans) else NEVER
        begins, ends = max(low, since), min(high, until)
        if begins < ends:
            _sweep(settings, ordered if position else (), begins, ends, found)
    return found.segments(high)


def _visible(settings: Settings, groups: Sequence[int | None]) -> tuple[Duty, ...]:
    """Return who is on call by the layers: of each role, the layers of the highest priority that cover."""
    found: list[Duty] = []
    for role, ranks in settings.ranks.items():
        for positions in ranks:
            covering = [position for position in positions if groups[position] is not None]
            for position in covering:
                layer = settings.layers[position]
                people = layer.rotation.groups[groups[position] or 0]
                found += [Duty(person, role, layer.name) for person in people]
            if covering:
                break
    return tuple(found)


_Content = tuple[tuple[Duty, ...], tuple[str, ...], tuple[int, ...]]


class _Merger:
    """Segments under way: equal neighbours become one."""

    def __init__(self) -> None:
        self._found: list[tuple[int, _Content]] = []

    def add(self, start: int, content: _Content) -> None:
        """Go on with this from `start`; what comes next says until when."""
        if not self._found or self._found[-1][1] != content:
            self._found.append((start, content))

    def segments(self, end: int) -> list[Segment]:
        moments = [instant_moment(start) for start, _ in self._found]
        ends = [*moments[1:], instant_moment(end)]
        return [
            Segment(start, until, *content)
            for start, until, (_, content) in zip(moments, ends, self._found, strict=False)
        ]


def _sweep(settings: Settings, overrides: Sequence[Override], low: int, high: int, found: _Merger) -> None:
    """Add what holds from `low` to `high` under one version of the settings."""
    near = [one for one in overrides if one.begins < high and low < one.ends]
    events = _events(settings, near, low, high)
    state: list[int | None] = [None] * (len(settings.layers) + len(near))
    known: dict[tuple[int | None, ...], _Content] = {}
    since = low
    for instant, position, value in [*events, (high, 0, None)]:
        if instant > since:
            key = tuple(state)
            if key not in known:
                known[key] = _content(settings, near, state)
            found.add(since, known[key])
            since = instant
        if instant < high:
            state[position] = value


def _events(
    settings: Settings, overrides: Sequence[Override], low: int, high: int
) -> list[tuple[int, int, int | None]]:
    """Return when what changes: instant, which layer or (after these) override, and its group or None."""
    events: list[tuple[int, int, int | None]] = []
    for position, course in enumerate(settings.courses):
        ended = high
        for start, end, group in course.between(low, high):
            if start > ended:
                events.append((ended, position, None))
            events.append((start, position, group))
            ended = end
        if ended < high:
            events.append((ended, position, None))
    for position, one in enumerate(overrides, len(settings.layers)):
        events.append((max(low, one.begins), position, 0))
        if one.ends < high:
            events.append((one.ends, position, None))
    events.sort(key=itemgetter(0))
    return events


def _content(settings: Settings, overrides: Sequence[Override], state: Sequence[int | None]) -> _Content:
    count = len(settings.layers)
    active = [one for one, value in zip(overrides, state[count:], strict=True) if value is not None]
    duties = apply(_visible(settings, state[:count]), active)
    ordered = tuple(sorted(duties, key=lambda duty: rank(duty.role)))
    present = {duty.role for duty in duties}
    missing = tuple(role for role in settings.must_cover if role not in present)
    return ordered, missing, _in_effect(active, duties)


def _in_effect(active: Sequence[Override], duties: Iterable[Duty]) -> tuple[int, ...]:
    """Return the numbers of the overrides that make a difference: who came by them, and who had to go."""
    numbers = {duty.override for duty in duties if duty.override is not None}
    clearing: list[Override] = []
    for one in active:
        if one.kind == "replace":
            clearing = [earlier for earlier in clearing if one.role not in {"", earlier.role}]
            clearing.append(one)
    return tuple(sorted(numbers | {one.number for one in clearing}))


class _Bounds:
    """Since and until when somebody who is on call at an instant is so."""

    def __init__(
        self,
        settings: Settings,
        pieces: Sequence[Piece | None],
        overrides: Sequence[Override],
        instant: int,
    ) -> None:
        self._settings = settings
        self._pieces = {layer.name: piece for layer, piece in zip(settings.layers, pieces, strict=True)}
        self._active = [one for one in overrides if one.begins <= instant < one.ends]
        self._other = [one for one in overrides if not one.begins <= instant < one.ends]
        self._instant = instant

    def of(self, duty: Duty) -> OnCall:
        start, end = self._by_layer(duty)
        for one in self._behind(duty):
            start, end = max(start, one.begins), min(end, one.ends)
        for one in self._other:
            if not _takes_away(one, duty):
                continue
            if one.begins > self._instant:
                end = min(end, one.begins)
            else:
                start = max(start, one.ends)
        return OnCall(duty, instant_moment(start), None if end >= NEVER else instant_moment(end))

    def _by_layer(self, duty: Duty) -> tuple[int, int]:
        """Return the piece of the layer, cut where a higher one of its role covers."""
        piece = self._pieces.get(duty.layer)
        if piece is None:
            return -NEVER, NEVER
        start, end, _ = piece
        for positions in self._settings.ranks[duty.role]:
            if any(self._settings.layers[position].name == duty.layer for position in positions):
                break
            for position in positions:
                ended, begins = self._settings.courses[position].beside(self._instant)
                start, end = max(start, ended), min(end, begins)
        return start, end

    def _behind(self, duty: Duty) -> list[Override]:
        """Return the overrides that a duty rests on: its own, and what brought whom it stands in for."""
        own = [one for one in self._active if one.number == duty.override]
        if duty.layer or not duty.instead_of:
            return own
        bringing = [one for one in self._active if duty.instead_of in one.people and one not in own]
        return [*own, *bringing[-1:]]


def _takes_away(one: Override, duty: Duty) -> bool:
    """Return whether an override, were it in force, would end the duty."""
    if not one.concerns(duty.role) or one.kind == "also":
        return False
    later = duty.override is None or one.number > duty.override
    if one.kind == "replace":
        return later or bool(duty.instead_of)
    return later and (duty.instead_of or duty.user_id) == one.instead_of

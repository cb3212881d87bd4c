"""Realised recovery point: how much would have been lost, had the disaster come at the worst moment. Pure.

At an instant *t* what can be restored is the newest data of all backups that are usable at *t*: finished,
not failed, not yet past their retention, and with the full backup that they build on. What would be lost is
*t* minus the instant up to which that data reaches. The realised RPO of a window is the largest such loss in
it. Nothing here believes that a backup which nobody reported was made.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

KINDS: tuple[tuple[str, str], ...] = (
    ("full", "Full"),
    ("incremental", "Incremental"),
    ("differential", "Differential"),
    ("log", "Log (continuous)"),
    ("snapshot", "Snapshot"),
)
BASES = frozenset({"full", "snapshot"})
"""Kinds that can be restored by themselves; the others need one of these."""


@dataclass(frozen=True, slots=True)
class Made:
    """One backup as it was reported. Instants are aware UTC.

    `covers_until` is up to when its data reaches, at the latest when it finished.
    """

    kind: str
    succeeded: bool
    finished_at: datetime
    covers_until: datetime
    retention_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What can be restored from `usable_from` until before `usable_until` (None: for good)."""

    usable_from: datetime
    usable_until: datetime | None
    covers_until: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A spell in which more than the target would have been lost; `worst` is the most."""

    begins: datetime
    ends: datetime
    worst: timedelta


@dataclass(frozen=True, slots=True)
class Realised:
    """The realised recovery point of a window.

    `worst` is None where nothing could be restored at some instant of it (`uncovered` says for how long in
    all). `current` is the loss at its end, None where nothing could be restored then.
    """

    worst: timedelta | None
    worst_at: datetime | None
    current: timedelta | None
    uncovered: timedelta
    gaps: tuple[Gap, ...]

    def keeps(self, target: timedelta) -> bool:
        """Return whether never more than `target` would have been lost."""
        return self.worst is not None and not self.uncovered and self.worst <= target


def recovery_points(made: Iterable[Made]) -> list[Point]:
    """Return what the backups of one asset let one go back to, by the instant from which it is usable.

    What failed gives none; what builds on a full backup gives none before there is one, and no longer than
    that one is kept.
    """
    points: list[Point] = []
    base: datetime | None = None
    has_base = False
    for one in sorted(made, key=lambda backup: (backup.finished_at, backup.kind not in BASES)):
        if not one.succeeded:
            continue
        until = one.retention_until
        if one.kind in BASES:
            base = _later(base, until) if has_base else until
            has_base = True
        elif not has_base:
            continue
        else:
            until = _earlier(until, base)
        if until is None or until > one.finished_at:
            points.append(Point(one.finished_at, until, min(one.covers_until, one.finished_at)))
    return points


def realised(
    points: Sequence[Point], *, begins: datetime, ends: datetime, target: timedelta | None = None
) -> Realised:
    """Return the realised recovery point between two instants, with the gaps against `target`.

    Between two events (a backup becomes usable, or its retention ends) the loss only grows; so it is looked
    at just before each of them and at the end. `ends` may not lie before `begins` (`ValueError`).
    """
    if ends < begins:
        raise ValueError("the window ends before it begins")
    ordered = sorted(points, key=lambda point: point.usable_from)
    moments = _events(ordered, begins, ends)
    usable: list[tuple[float, int, datetime, datetime | None]] = []
    worst: timedelta | None = None
    worst_at: datetime | None = None
    uncovered = timedelta()
    gaps: list[Gap] = []
    taken = 0
    for here, there in zip(moments, [*moments[1:], ends], strict=True):
        while taken < len(ordered) and ordered[taken].usable_from <= here:
            point = ordered[taken]
            heapq.heappush(
                usable, (-point.covers_until.timestamp(), taken, point.covers_until, point.usable_until)
            )
            taken += 1
        covered = _newest(usable, here)
        if covered is None:
            uncovered += there - here
            _add_gap(gaps, here, there, there - here)
            continue
        loss = there - covered
        if worst is None or loss > worst:
            worst, worst_at = loss, there
        if target is not None and loss > target:
            _add_gap(gaps, max(here, covered + target), there, loss)
    return Realised(
        worst=None if uncovered else worst,
        worst_at=None if uncovered else worst_at,
        current=_loss_at(ordered, ends),
        uncovered=uncovered,
        gaps=tuple(gaps),
    )


def loss_at(points: Iterable[Point], at: datetime) -> timedelta | None:
    """Return what would be lost at one instant, None where nothing can be restored."""
    return _loss_at(points, at)


def _loss_at(points: Iterable[Point], at: datetime) -> timedelta | None:
    reach = [
        point.covers_until
        for point in points
        if point.usable_from <= at and (point.usable_until is None or at < point.usable_until)
    ]
    return at - max(reach) if reach else None


def _events(points: Sequence[Point], begins: datetime, ends: datetime) -> list[datetime]:
    """Return the instants in the window at which what can be restored changes, its beginning first."""
    inside = {point.usable_from for point in points}
    inside |= {point.usable_until for point in points if point.usable_until is not None}
    return [begins, *sorted(moment for moment in inside if begins < moment < ends)]


def _newest(usable: list[tuple[float, int, datetime, datetime | None]], at: datetime) -> datetime | None:
    while usable and (until := usable[0][3]) is not None and until <= at:
        heapq.heappop(usable)
    return usable[0][2] if usable else None


def _add_gap(gaps: list[Gap], begins: datetime, ends: datetime, worst: timedelta) -> None:
    if begins >= ends:
        return
    if gaps and gaps[-1].ends == begins:
        last = gaps.pop()
        gaps.append(Gap(last.begins, ends, max(last.worst, worst)))
        return
    gaps.append(Gap(begins, ends, worst))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later end; None has none."""
    return None if one is None or other is None else max(one, other)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)

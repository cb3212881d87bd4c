"""Instants and the clock on the wall. Pure.

An instant is a whole number of seconds since 1970 in UTC, a wall time the same number read off the clock on
the wall: `wall = instant + offset`. Whole numbers because a year of handovers is computed at a stretch, and
because a wall time then cannot be mistaken for an instant by a library that means well.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opsportal.core.moments import EARLIEST, LATEST

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
NEVER = 1 << 62
"""An instant after everything: the end of what has no end."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of the wall
_MONDAY = 4 * DAY  # 1970-01-05 was a Monday
# No zone ever changed its clocks twice within a week and back; sampled no wider, no change is missed.
_SAMPLE = timedelta(days=6)


class Change(NamedTuple):
    """A change of the clocks: when, and the wall times before and after it, at that instant."""

    instant: int
    before: int
    after: int


class Clock:
    """The clock on the wall of one time zone, from 2000 to 2200."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        changes = _changes(ZoneInfo(zone))
        first = _offset(ZoneInfo(zone), EARLIEST)
        self._instants = [-NEVER, *(instant for instant, _ in changes)]
        self._offsets = [first, *(offset for _, offset in changes)]
        # The stretch between two changes holds the wall times from its start to its end.
        self._starts = [
            -NEVER,
            *(a + b for a, b in zip(self._instants[1:], self._offsets[1:], strict=True)),
        ]
        self._ends = [
            *(a + b for a, b in zip(self._instants[1:], self._offsets[:-1], strict=True)),
            NEVER,
        ]

    def wall(self, instant: int) -> int:
        """Return what the clock shows at an instant."""
        return instant + self._offsets[bisect_right(self._instants, instant) - 1]

    def first(self, wall: int) -> int:
        """Return the first instant at which the clock shows `wall`: a handover, a beginning.

        Where it never does because the clocks skip it: the first instant after the gap.
        """
        stretch = bisect_right(self._ends, wall)
        return max(wall - self._offsets[stretch], self._instants[stretch])

    def last(self, wall: int) -> int:
        """Return the last instant at which the clock shows `wall`: the end of a restriction.

        Where it never does because the clocks skip it: the first instant after the gap.
        """
        stretch = bisect_right(self._starts, wall) - 1
        after = self._instants[stretch + 1] if stretch + 1 < len(self._instants) else NEVER
        return min(wall - self._offsets[stretch], after)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change of the clocks, in order."""
        return tuple(
            Change(instant, end, start)
            for instant, end, start in zip(self._instants[1:], self._ends, self._starts[1:], strict=False)
        )

    @cached_property
    def skipped_days(self) -> tuple[Change, ...]:
        """The changes that leave out a whole day, as Samoa did at the end of 2011."""
        return tuple(change for change in self.changes if change.after - change.before >= DAY)

    def words(self, instant: int) -> str:
        """Return the local time in ISO 8601 with its offset."""
        return instant_moment(instant).astimezone(ZoneInfo(self.zone)).isoformat(timespec="minutes")


@lru_cache(maxsize=128)
def clock(zone: str) -> Clock:
    """Return the clock of a zone by its name. Raises `ZoneInfoNotFoundError` for one that nobody knows."""
    return Clock(zone)


def moment_instant(moment: datetime) -> int:
    """Return the instant of an aware datetime; parts of a second are dropped."""
    return int(moment.timestamp() // 1)


def instant_moment(instant: int) -> datetime:
    """Return an instant as an aware datetime in UTC."""
    return datetime.fromtimestamp(instant, UTC)


def wall_seconds(local: datetime) -> int:
    """Return the wall time of a naive datetime."""
    return (local - _EPOCH) // timedelta(seconds=1)


def wall_datetime(wall: int) -> datetime:
    """Return a wall time as a naive datetime."""
    return _EPOCH + timedelta(seconds=wall)


def week_start(wall: int) -> int:
    """Return the wall time of the Monday, 00:00, at or before `wall`."""
    return wall - (wall - _MONDAY) % WEEK


def _changes(zone: ZoneInfo) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    earlier, offset = EARLIEST, _offset(zone, EARLIEST)
    while earlier < LATEST:
        later = earlier + _SAMPLE
        after = _offset(zone, later)
        if after != offset:
            found.append((_when(zone, earlier, later, offset), after))
        earlier, offset = later, after
    return found


def _when(zone: ZoneInfo, earlier: datetime, later: datetime, offset: int) -> int:
    """Return the first instant after `earlier`, at most `later`, whose offset is not `offset`."""
    low, high = moment_instant(earlier), moment_instant(later)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, instant_moment(middle)) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0

"""Realised recovery points: tables, and a brute-force walker that looks at every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.recovery.points import Gap, Made, loss_at, realised, recovery_points

T0 = datetime(2028, 2, 28, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def made(
    at: float, kind: str = "full", *, ok: bool = True, reach: float = 0, keep: float | None = None
) -> Made:
    """One backup that finished `at` hours after T0, reaching `reach` hours less far, kept `keep` hours."""
    finished = T0 + at * HOUR
    until = None if keep is None else finished + keep * HOUR
    return Made(kind, ok, finished, finished - reach * HOUR, until)


def test_daily_backups_lose_at_most_a_day() -> None:
    points = recovery_points([made(hour) for hour in range(-24, 97, 24)])
    result = realised(points, begins=T0, ends=T0 + 96 * HOUR, target=DAY)
    assert (result.worst, result.current, result.gaps) == (DAY, timedelta(), ())
    assert result.keeps(DAY)
    assert not result.keeps(DAY - HOUR)


def test_a_backup_that_never_came_shows_as_a_gap_without_any_message_of_failure() -> None:
    points = recovery_points([made(0), made(24), made(72)])
    result = realised(points, begins=T0, ends=T0 + 96 * HOUR, target=DAY)
    assert (result.worst, result.worst_at) == (2 * DAY, T0 + 72 * HOUR)
    assert result.gaps == (Gap(T0 + 48 * HOUR, T0 + 72 * HOUR, 2 * DAY),)


def test_what_takes_long_loses_what_came_in_while_it_ran() -> None:
    points = recovery_points([made(0), made(24, reach=6), made(48, reach=6)])
    assert realised(points, begins=T0 + DAY, ends=T0 + 2 * DAY).worst == timedelta(hours=30)


@pytest.mark.parametrize(
    ("series", "current"),
    [
        ([], None),
        ([made(1, ok=False)], None),
        ([made(1, "incremental")], None),
        ([made(1, "log"), made(2, "differential")], None),
        ([made(1), made(5, "incremental")], 5.0),
        ([made(1, ok=False), made(5, "incremental")], None),
        ([made(1, "snapshot"), made(5, "log", reach=1)], 6.0),
        ([made(1), made(5, ok=False)], 9.0),
        ([made(1, keep=2)], None),
        ([made(1, keep=20), made(2, keep=1)], 9.0),
        ([made(1, keep=4), made(2, "incremental")], None),
        ([made(1, keep=4), made(6), made(7, "incremental")], 3.0),
        ([made(11)], None),
    ],
)
def test_what_can_be_restored_ten_hours_in(series: list[Made], current: float | None) -> None:
    loss = loss_at(recovery_points(series), T0 + 10 * HOUR)
    assert loss == (None if current is None else current * HOUR)


def test_nothing_at_all_is_uncovered_and_keeps_no_target() -> None:
    result = realised([], begins=T0, ends=T0 + DAY, target=10 * DAY)
    assert (result.worst, result.current, result.uncovered) == (None, None, DAY)
    assert result.gaps == (Gap(T0, T0 + DAY, DAY),)
    assert not result.keeps(timedelta(days=9999))


def test_the_window_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends before"):
        realised([], begins=T0, ends=T0 - HOUR)


backups = st.builds(
    made,
    st.integers(-30, 60),
    st.sampled_from(["full", "incremental", "differential", "log", "snapshot"]),
    ok=st.booleans(),
    reach=st.integers(0, 10),
    keep=st.none() | st.integers(1, 50),
)


@given(st.lists(backups, max_size=12))
def test_it_agrees_with_a_walker(series: list[Made]) -> None:
    """Events lie on whole hours, so looking just before each of them finds the worst."""
    points = recovery_points(series)
    begins, ends = T0, T0 + 48 * HOUR
    tick = timedelta(microseconds=1)
    losses = [loss_at(points, begins + hour * HOUR - tick) for hour in range(1, 49)]
    result = realised(points, begins=begins, ends=ends)
    uncovered = sum((HOUR for loss in losses if loss is None), timedelta())
    assert result.uncovered == uncovered
    assert result.current == loss_at(points, ends)
    known = [loss + tick for loss in losses if loss is not None]
    assert result.worst == (max(known) if known and not uncovered else None)


@given(st.lists(backups, max_size=10), backups)
def test_one_more_backup_never_makes_it_worse_and_a_failed_one_changes_nothing(
    series: list[Made], more: Made
) -> None:
    begins, ends = T0, T0 + 48 * HOUR
    before = realised(recovery_points(series), begins=begins, ends=ends)
    after = realised(recovery_points([*series, more]), begins=begins, ends=ends)
    assert after.uncovered <= before.uncovered
    if before.worst is not None:
        assert after.worst is not None
        assert after.worst <= before.worst
    if not more.succeeded:
        assert after == before


@given(st.lists(backups, max_size=10), st.integers(0, 100))
def test_gaps_are_exactly_where_more_than_the_target_would_be_lost(series: list[Made], target: int) -> None:
    points = recovery_points(series)
    begins, ends, limit = T0, T0 + 48 * HOUR, target * HOUR
    gaps = realised(points, begins=begins, ends=ends, target=limit).gaps
    for half in range(1, 96, 2):
        at = begins + half * HOUR / 2
        loss = loss_at(points, at)
        assert any(gap.begins <= at < gap.ends for gap in gaps) == (loss is None or loss > limit)
    assert all(one.ends < other.begins for one, other in pairwise(gaps))

"""Periods of days, against sets of days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.accounts.services.periods import overlaps, require_end, require_period, utc_day
from opsportal.core.errors import InvalidInput

FIRST = date(2024, 2, 26)
LAST = FIRST + timedelta(days=60)
days = st.integers(0, 20).map(lambda n: FIRST + timedelta(days=n))
periods = st.tuples(days, st.none() | st.integers(0, 10)).map(
    lambda p: (p[0], None if p[1] is None else p[0] + timedelta(days=p[1]))
)
Period = tuple[date, date | None]


def days_of(period: Period) -> set[date]:
    end = period[1] or LAST
    return {period[0] + timedelta(days=n) for n in range((end - period[0]).days + 1)}


@given(first=periods, second=periods)
def test_two_periods_overlap_where_they_share_a_day(first: Period, second: Period) -> None:
    assert overlaps(first, second) is bool(days_of(first) & days_of(second))
    assert overlaps(first, second) is overlaps(second, first)


@given(start=days, end=days)
def test_a_period_does_not_end_before_it_starts(start: date, end: date) -> None:
    if end < start:
        with pytest.raises(InvalidInput):
            require_period(start, end)
    else:
        require_period(start, end)
    require_period(start, None)


@given(period=periods, last_day=days, today=days)
def test_a_cut_never_touches_the_past_and_never_makes_longer(
    period: Period, last_day: date, today: date
) -> None:
    allowed = last_day >= today - timedelta(days=1) and (period[1] is None or last_day <= period[1])
    try:
        require_end(period, last_day, today)
    except InvalidInput:
        assert not allowed
    else:
        assert allowed
        cut = {day for day in days_of(period) if day <= last_day}
        assert cut <= days_of(period)
        assert {day for day in days_of(period) if day < today} == {day for day in cut if day < today}


def test_the_day_is_the_one_of_utc() -> None:
    late = datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    assert utc_day(late) == date(2026, 3, 1)
    assert utc_day(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)

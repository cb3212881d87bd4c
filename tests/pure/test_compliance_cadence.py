"""Calendar periods: no gap, no overlap, named and found again, over leap years and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.cadence import (
    Period,
    counts_for,
    due_at,
    first_owed,
    owed_after,
    period_at,
    period_named,
    period_on,
)
from opsportal.standards.standing import PERIODS, Every

DAYS = st.dates(date(1999, 1, 1), date(2060, 12, 31))
EVERY = st.sampled_from(PERIODS)
# With midnight that is left out (Santiago, Beirut), half an hour (Lord Howe), and a day left out (Apia).
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe"]
)
INSTANTS = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants them bare
    datetime(2050, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("every", "day", "key", "first", "after"),
    [
        ("day", date(2028, 2, 29), "2028-02-29", date(2028, 2, 29), date(2028, 3, 1)),
        ("week", date(2027, 1, 1), "2026-W53", date(2026, 12, 28), date(2027, 1, 4)),
        ("month", date(2028, 2, 29), "2028-02", date(2028, 2, 1), date(2028, 3, 1)),
        ("quarter", date(2026, 12, 31), "2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("half-year", date(2026, 7, 1), "2026-H2", date(2026, 7, 1), date(2027, 1, 1)),
        ("year", date(2026, 6, 30), "2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_periods(every: Every, day: date, key: str, first: date, after: date) -> None:
    period = period_on(every, day)
    assert (period.key, period.first, period.after) == (key, first, after)


@given(EVERY, DAYS)
def test_periods_follow_each_other_without_gap_and_are_found_by_name(every: Every, day: date) -> None:
    period = period_on(every, day)
    assert period.first <= day < period.after
    assert period.next().first == period.after
    assert period.next().before() == period
    assert period_named(every, period.key) == period


@given(EVERY, INSTANTS, ZONES)
def test_an_instant_lies_in_its_period_whatever_the_clocks_do(every: Every, at: datetime, zone: str) -> None:
    period = period_at(every, at, zone)
    assert period.start(zone) <= at < period.end(zone)
    assert period.end(zone) == period.next().start(zone)


@given(EVERY, INSTANTS, ZONES)
def test_what_is_owed_comes_after_what_was_done_and_is_due_when_it_is_over(
    every: Every, at: datetime, zone: str
) -> None:
    owed = owed_after(every, at, zone)
    assert owed.start(zone) > at
    assert not counts_for(owed, at, zone)
    assert counts_for(owed, owed.start(zone), zone)
    assert due_at(owed, timedelta(days=3), zone) - owed.end(zone) == timedelta(days=3)


@given(EVERY, INSTANTS, ZONES)
def test_the_first_period_leaves_at_least_half_of_itself(every: Every, since: datetime, zone: str) -> None:
    period = first_owed(every, since, zone)
    left = period.end(zone) - max(since, period.start(zone))
    assert left * 2 >= period.end(zone) - period.start(zone)


def test_a_monthly_duty_that_begins_late_in_a_month_is_due_at_the_end_of_the_next() -> None:
    late = datetime(2026, 11, 21, tzinfo=UTC)
    assert first_owed("month", late, "UTC") == Period("month", date(2026, 12, 1), date(2027, 1, 1))
    early = datetime(2026, 11, 3, tzinfo=UTC)
    assert first_owed("month", early, "UTC").key == "2026-11"

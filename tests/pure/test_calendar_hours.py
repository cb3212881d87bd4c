"""Working time, against a walk over every quarter of an hour; over clock changes and the end of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsportal.calendar.hours import WorkingTime
from tests.examples import examples

STEP = timedelta(minutes=15)
OFFICE = WorkingTime("Europe/Berlin", frozenset(range(5)), time(9), time(17))
WEEK_BEFORE_CHRISTMAS = datetime(2026, 12, 21, 8, tzinfo=UTC)  # Monday, 09:00 there


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def test_a_day_at_the_office_has_eight_hours() -> None:
    assert OFFICE.between(WEEK_BEFORE_CHRISTMAS, WEEK_BEFORE_CHRISTMAS + timedelta(days=1)) == hours(8)


def test_the_weekend_and_the_holidays_count_nothing() -> None:
    friday_evening = datetime(2026, 12, 18, 17, tzinfo=UTC)
    assert OFFICE.after(friday_evening, hours(1)) == WEEK_BEFORE_CHRISTMAS + hours(1)
    off = frozenset({date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 31), date(2027, 1, 1)})
    christmas = WorkingTime("Europe/Berlin", OFFICE.weekdays, time(9), time(17), off)
    assert christmas.between(WEEK_BEFORE_CHRISTMAS, datetime(2027, 1, 4, tzinfo=UTC)) == hours(3 * 8 + 3 * 8)


def test_an_extra_day_is_worked_even_on_a_holiday() -> None:
    saturday = date(2026, 12, 26)
    stocktaking = WorkingTime(
        "UTC", frozenset(range(5)), time(9), time(17), frozenset({saturday}), frozenset({saturday})
    )
    assert stocktaking.is_working_day(saturday)


@pytest.mark.parametrize(("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_whole_day_is_as_long_as_it_is_where_clocks_change(day: date, length: int) -> None:
    always = WorkingTime("Europe/Berlin", frozenset(range(7)), time(), time())
    midnight = datetime.combine(day, time(), tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert always.between(midnight, midnight + hours(length)) == hours(length)
    assert always.after(midnight, hours(length)) == midnight + hours(length)


def test_where_nobody_ever_works_no_time_passes() -> None:
    never = WorkingTime("UTC", frozenset(), time(9), time(17))
    assert never.between(WEEK_BEFORE_CHRISTMAS, WEEK_BEFORE_CHRISTMAS + timedelta(days=900)) == hours(0)
    assert never.after(WEEK_BEFORE_CHRISTMAS, hours(1)) is None


def test_turned_instants_have_nothing_between_them() -> None:
    assert OFFICE.between(WEEK_BEFORE_CHRISTMAS + hours(4), WEEK_BEFORE_CHRISTMAS) == hours(0)


def test_the_ends_of_the_calendar_break_nothing() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert OFFICE.between(last, last) == hours(0)
    assert OFFICE.between(WEEK_BEFORE_CHRISTMAS, last) > hours(5_000)
    assert OFFICE.between(first, first + hours(9)) == hours(0)


working_times = st.builds(
    WorkingTime,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    opens=st.sampled_from([time(0), time(4, 30), time(9)]),
    closes=st.sampled_from([time(0), time(12, 15), time(17)]),
    days_off=st.frozensets(st.dates(date(2026, 10, 1), date(2027, 4, 10)), max_size=8),
    extra_days=st.frozensets(st.dates(date(2026, 10, 1), date(2027, 4, 10)), max_size=2),
)
# Two changes of clocks in each zone, and the end of a year.
starts = st.integers(0, 190 * 96).map(lambda steps: datetime(2026, 10, 1, tzinfo=UTC) + steps * STEP)


@given(working=working_times, start=starts, steps=st.integers(0, 500))
@settings(max_examples=examples(60), deadline=None)
def test_working_time_is_that_of_a_walk(working: WorkingTime, start: datetime, steps: int) -> None:
    worked = sum((STEP for step in range(steps) if _works(working, start + step * STEP)), timedelta())
    assert working.between(start, start + steps * STEP) == worked


@given(working=working_times, start=starts, quarters=st.integers(1, 400))
@settings(max_examples=examples(60), deadline=None)
def test_the_end_of_working_time_is_the_first_by_which_it_has_passed(
    working: WorkingTime, start: datetime, quarters: int
) -> None:
    amount = quarters * STEP
    end = working.after(start, amount)
    assert end is not None
    assert working.between(start, end) == amount
    assert working.between(start, end - timedelta(seconds=1)) < amount


@given(working=working_times, start=starts, first=st.integers(0, 500), second=st.integers(0, 500))
@settings(max_examples=examples(60), deadline=None)
def test_working_time_of_two_stretches_adds_up(
    working: WorkingTime, start: datetime, first: int, second: int
) -> None:
    middle, end = start + first * STEP, start + (first + second) * STEP
    assert working.between(start, middle) + working.between(middle, end) == working.between(start, end)


def _works(working: WorkingTime, moment: datetime) -> bool:
    local = moment.astimezone(ZoneInfo(working.zone))
    clock = local.time()
    return working.is_working_day(local.date()) and (
        working.opens <= clock and (working.closes == time() or clock < working.closes)
    )

"""When the owners of a key are told, as a table and as properties."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.catalog.expiry import STEPS, Taken, first_telling, take

DAY = timedelta(days=1)
LAST = date(2026, 12, 31)
FIRST = date(2026, 12, 1)
LASTS = st.dates(max_value=date(2100, 1, 1))


@pytest.mark.parametrize(
    ("today", "step", "next_on"),
    [
        (date(2026, 11, 30), None, FIRST),
        (FIRST, 30, date(2026, 12, 24)),
        (date(2026, 12, 23), 30, date(2026, 12, 24)),
        (date(2026, 12, 24), 7, date(2026, 12, 30)),
        (date(2026, 12, 29), 7, date(2026, 12, 30)),
        (date(2026, 12, 30), 1, date(2027, 1, 1)),
        (LAST, 1, date(2027, 1, 1)),
        (date(2027, 1, 1), -1, None),
        (date(2027, 9, 1), -1, None),
    ],
)
def test_of_all_that_came_due_the_latest_step_is_told(
    today: date, step: int | None, next_on: date | None
) -> None:
    assert take(LAST, due_on=FIRST, today=today) == Taken(step, next_on)


def test_what_was_told_is_not_told_again_though_the_clock_goes_back() -> None:
    assert take(LAST, due_on=date(2026, 12, 24), today=FIRST) == Taken(None, date(2026, 12, 24))


def test_without_a_day_nothing_is_due() -> None:
    assert first_telling(None) is None


@given(last=LASTS, pauses=st.lists(st.integers(min_value=-3, max_value=40), max_size=12))
def test_each_step_is_told_once_at_most_and_in_order_however_the_ticks_come(
    last: date, pauses: list[int]
) -> None:
    due_on = first_telling(last)
    today, told = due_on or last, list[int]()
    for pause in pauses:
        if due_on is not None and due_on <= today:
            taken = take(last, due_on=due_on, today=today)
            told += [] if taken.step is None else [taken.step]
            assert taken.next_on is None or taken.next_on > today
            due_on = taken.next_on
        today += max(timedelta(days=pause), date.min - today)
    assert told == sorted(set(told), reverse=True)
    assert set(told) <= set(STEPS)


@given(last=LASTS)
def test_a_tick_each_day_tells_the_end_at_last(last: date) -> None:
    due_on, told = first_telling(last), list[int]()
    while due_on is not None:
        taken = take(last, due_on=due_on, today=due_on)
        assert taken.step is not None
        told.append(taken.step)
        due_on = taken.next_on
    assert told[-1] == -1
    assert last.year < 2 or tuple(told) == STEPS

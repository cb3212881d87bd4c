"""What follows for a rule from its subjects, and how a stretch of time is divided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.judging import STATUSES, Share, Status, Turn, months_back, overall, share_of, trend

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ([], "no_data"),
        (["met"], "met"),
        (["met", "no_data"], "no_data"),
        (["met", "no_data", "breached"], "breached"),
    ],
)
def test_one_breach_breaches_and_what_is_without_data_is_never_met(
    statuses: list[str], whole: Status
) -> None:
    assert overall(statuses) == whole


def test_time_is_divided_at_the_turns() -> None:
    turns = [Turn(START + 2 * DAY, "met"), Turn(START + 8 * DAY, "breached"), Turn(START + 9 * DAY, "met")]
    share = share_of(turns, START, START + 10 * DAY)
    assert share == Share(met=7 * DAY, breached=DAY)
    assert (share.status, share.met_percent, share.data_percent) == ("breached", 87, 100)


def test_a_month_in_which_nobody_knew_for_most_of_it_is_not_met() -> None:
    turns = [Turn(START, "met"), Turn(START + 3 * DAY, "no_data")]
    month = share_of(turns, START, START + 30 * DAY)
    assert (month.status, month.met_percent, month.data_percent) == ("no_data", 100, 10)
    assert share_of(turns, START, START + 5 * DAY).status == "met"
    before = share_of(turns, START - 9 * DAY, START)
    assert (before.status, before.met_percent, before.data_percent) == ("no_data", None, None)


@given(
    st.lists(st.tuples(st.integers(-50, 500), st.sampled_from(STATUSES)), max_size=20),
    st.integers(0, 300),
    st.integers(1, 200),
)
def test_the_parts_are_the_whole(turns: list[tuple[int, Status]], first: int, length: int) -> None:
    ordered = [Turn(START + day * DAY, status) for day, status in sorted(turns, key=lambda one: one[0])]
    start, end = START + first * DAY, START + (first + length) * DAY
    share = share_of(ordered, start, end)
    first_turn = min((turn.at for turn in ordered), default=end)
    looked = end - min(max(first_turn, start), end)
    assert share.met + share.breached + share.no_data == looked


def test_months_are_those_of_the_calendar() -> None:
    months = months_back(datetime(2026, 2, 14, 8, tzinfo=UTC), 3)
    assert [f"{start:%Y-%m-%d}" for start, _ in months] == ["2025-12-01", "2026-01-01", "2026-02-01"]
    assert months[-1][1] == datetime(2026, 2, 14, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [("breached", "met", "better"), ("met", "no_data", "worse"), ("met", "met", "steady")],
)
def test_a_trend_is_against_what_was(before: Status, now: Status, word: str) -> None:
    assert trend(before, now) == word

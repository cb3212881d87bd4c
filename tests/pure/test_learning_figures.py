"""The arithmetic of reports on incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.learning.figures import (
    ActionRow,
    BusFactor,
    Row,
    Summary,
    action_completion,
    bars,
    bus_factors,
    by_service,
    found_by_users,
    measured,
    recurrence,
    scale_top,
    summary,
    weeks,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def row(pk: int = 1, at: datetime = NOW, **more: Any) -> Row:
    values = {"severity": "sev1", "detected_by": "monitor", "services": ("api",), **more}
    return Row(pk=pk, detected_at=at, declared_at=at, **values)


def test_mean_median_and_p90_stand_side_by_side() -> None:
    spans = [number * MINUTE for number in range(1, 11)]
    assert summary([*spans, None]) == Summary(10, 5.5 * MINUTE, 5.5 * MINUTE, 9 * MINUTE)
    assert summary([None]) == Summary(0, None, None, None)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_the_median_and_p90_lie_within_what_was_measured(seconds: list[int]) -> None:
    found = summary([timedelta(seconds=one) for one in seconds])
    assert found.median is not None
    assert found.p90 is not None
    assert timedelta(seconds=min(seconds)) <= found.median <= found.p90 <= timedelta(
        seconds=max(seconds)
    ) or (found.median <= timedelta(seconds=max(seconds)))


def test_each_measure_counts_only_what_is_known_of_it() -> None:
    one = row(began_at=NOW - 4 * MINUTE, acknowledged_at=NOW + MINUTE, resolved_at=NOW + 30 * MINUTE)
    turned = row(2, began_at=NOW + MINUTE)  # a clock that was wrong
    found = measured([one, turned, row(3)])
    assert (found["detect"].count, found["detect"].mean) == (2, 2 * MINUTE)
    assert (found["acknowledge"].count, found["resolve"].mean) == (1, 30 * MINUTE)


def test_shares_are_none_of_nothing() -> None:
    assert found_by_users([]) is None
    assert found_by_users([row(), row(2, detected_by="user")]) == 0.5
    assert recurrence([], NOW) is None
    assert action_completion([], NOW) is None


@pytest.mark.parametrize(
    ("before", "services", "cause", "expected"),
    [
        (10 * DAY, ("api",), "capacity", 1.0),
        (90 * DAY, ("api", "web"), "capacity", 1.0),
        (91 * DAY, ("api",), "capacity", 0.0),
        (10 * DAY, ("web",), "capacity", 0.0),
        (10 * DAY, ("api",), "change", 0.0),
    ],
)
def test_a_cause_recurs_for_the_same_service_within_90_days(
    before: timedelta, services: tuple[str, ...], cause: str, expected: float
) -> None:
    earlier = row(1, NOW - before, services=services, cause=cause)
    assert recurrence([row(2, cause="capacity"), earlier, row(3, cause="unknown")], NOW) == expected


def test_an_action_item_counts_when_its_30_days_are_over_or_it_is_done() -> None:
    rows = [
        ActionRow(NOW - 40 * DAY, NOW - 20 * DAY),
        ActionRow(NOW - 40 * DAY, NOW - 5 * DAY),
        ActionRow(NOW - 31 * DAY, None),
        ActionRow(NOW - 5 * DAY, None),
        ActionRow(NOW - 5 * DAY, NOW - DAY),
    ]
    assert action_completion(rows, NOW) == 0.5


def test_a_bus_factor_is_how_few_people_handled_most() -> None:
    handlers = ["ann"] * 8 + ["bob"] * 2 + [""]
    rows = [row(number, handler=handler) for number, handler in enumerate(handlers)]
    rows += [row(20 + number, services=("web",), handler=handler) for number, handler in enumerate("abcde")]
    assert bus_factors(rows) == [BusFactor("api", 1, 10), BusFactor("web", 4, 5)]


def test_weeks_and_services_count_each_incident_once_in_each() -> None:
    rows = [row(1), row(2, NOW + 8 * DAY, services=("api", "web")), row(3, NOW + 9 * DAY)]
    assert [count for _, count in weeks(rows, NOW, NOW + 10 * DAY)] == [1, 2]
    assert {name: len(its) for name, its in by_service(rows).items()} == {"api": 3, "web": 1}


def test_bars_fill_the_space_and_nothing_is_no_bar() -> None:
    assert bars([1], width=90, height=50, top=2) == [(0, 25, 72, 25)]
    assert [scale_top([value]) for value in (0, 2, 3, 5, 11, 21, 41, 101)] == [2, 2, 4, 10, 20, 40, 100, 200]
    assert scale_top([]) == 2
    assert bars([], width=100, height=50) == []
    assert bars([0, 1, 2], width=90, height=50) == [(0, 50, 24, 0), (30, 25, 24, 25), (60, 0, 24, 50)]
    assert bars([0], width=90, height=50) == [(0, 50, 72, 0)]

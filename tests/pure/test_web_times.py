"""Instants in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsportal.web import times

NOW = datetime(2026, 3, 12, 13, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=44), "now"),
        (timedelta(seconds=-44), "now"),
        (timedelta(seconds=50), "in 1 min"),
        (timedelta(minutes=89), "in 89 min"),
        (timedelta(minutes=90), "in 2 h"),
        (timedelta(hours=-3), "3 h ago"),
        (timedelta(hours=35, minutes=20), "in 35 h"),
        (timedelta(hours=36), "in 2 d"),
        (timedelta(days=-20), "20 d ago"),
        (timedelta(days=31), "in 1 month"),
        (timedelta(days=200), "in 7 months"),
        (timedelta(days=-400), "1 year ago"),
        (timedelta(days=1100), "in 3 years"),
    ],
)
def test_how_far_away_an_instant_is(distance: timedelta, words: str) -> None:
    assert times.relative(NOW + distance, NOW) == words


def test_the_readers_clock_has_utc_beside_it() -> None:
    assert times.wall_clock(NOW, BERLIN, now=NOW) == "12 Mar, 14:30"
    assert times.utc_beside(NOW, BERLIN) == "13:30 UTC"


def test_the_day_of_utc_is_named_where_it_is_another_one() -> None:
    late = datetime(2026, 3, 12, 23, 30, tzinfo=UTC)
    assert times.wall_clock(late, BERLIN, now=NOW) == "13 Mar, 00:30"
    assert times.utc_beside(late, BERLIN) == "12 Mar, 23:30 UTC"


def test_a_reader_in_utc_sees_the_time_once() -> None:
    assert times.wall_clock(NOW, UTC, now=NOW) == "12 Mar, 13:30"
    assert times.utc_beside(NOW, UTC) == "UTC"


def test_another_year_is_named_by_the_readers_calendar() -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert times.wall_clock(new_year, UTC, now=NOW) == "31 Dec 2025, 23:30"
    assert times.wall_clock(new_year, BERLIN, now=NOW) == "1 Jan, 00:30"


def test_the_year_is_named_half_a_year_away() -> None:
    assert times.wall_clock(NOW + timedelta(days=179), UTC, now=NOW) == "7 Sep, 13:30"
    assert times.wall_clock(NOW + timedelta(days=181), UTC, now=NOW) == "9 Sep 2026, 13:30"
    assert times.whole_day(NOW, BERLIN) == "Thursday, 12 March 2026"


def test_the_machine_readable_form_is_utc() -> None:
    assert times.iso(NOW.astimezone(BERLIN)) == "2026-03-12T13:30:00Z"

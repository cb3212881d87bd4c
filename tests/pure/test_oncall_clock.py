"""The engine's clock against the zone database, over every kind of change that a zone made since 2000."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.oncall.zones import clock, instant_moment, moment_instant, wall_datetime, wall_seconds
from tests.walking import utc

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Caracas",
)
MINUTES = int((utc(2090, 1, 1) - utc(2000, 1, 2)) / timedelta(minutes=1))


@given(st.sampled_from(ZONES), st.integers(0, MINUTES))
def test_an_instant_shows_the_wall_time_of_its_zone_and_is_found_from_it(zone: str, minutes: int) -> None:
    moment = utc(2000, 1, 2) + timedelta(minutes=minutes)
    instant = moment_instant(moment)
    local = moment.astimezone(ZoneInfo(zone))
    wall = clock(zone).wall(instant)
    assert wall_datetime(wall) == local.replace(tzinfo=None)
    assert instant in {clock(zone).first(wall), clock(zone).last(wall)}
    assert (clock(zone).first(wall) == instant) is (local.fold == 0)


@pytest.mark.parametrize(
    ("zone", "local", "first", "last"),
    [
        ("Europe/Berlin", (2026, 3, 29, 2, 30), utc(2026, 3, 29, 1), utc(2026, 3, 29, 1)),
        ("Europe/Berlin", (2026, 10, 25, 2, 30), utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)),
        ("Europe/Berlin", (2026, 10, 25, 3, 0), utc(2026, 10, 25, 2), utc(2026, 10, 25, 2)),
        ("Australia/Lord_Howe", (2026, 4, 5, 1, 45), utc(2026, 4, 4, 14, 45), utc(2026, 4, 4, 15, 15)),
        ("Pacific/Apia", (2011, 12, 30, 12, 0), utc(2011, 12, 30, 10), utc(2011, 12, 30, 10)),
    ],
)
def test_wall_times_that_come_twice_or_never(
    zone: str, local: tuple[int, ...], first: object, last: object
) -> None:
    wall = wall_seconds(utc(*local).replace(tzinfo=None))
    assert instant_moment(clock(zone).first(wall)) == first
    assert instant_moment(clock(zone).last(wall)) == last

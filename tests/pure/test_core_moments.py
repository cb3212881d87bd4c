"""Instants from outside: with a zone, and such as every zone can show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.core.errors import InvalidInput
from opsportal.core.moments import EARLIEST, LATEST, clean_moment

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.mark.parametrize("year", [1, 1223, 1999, 2200, 9999])
@pytest.mark.parametrize("zone", [UTC, EAST, WEST, ZoneInfo("Asia/Tokyo")])
def test_the_ends_of_the_calendar_are_refused(year: int, zone: timezone | ZoneInfo) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_moment(datetime(year, 1, 1, 18, tzinfo=zone), field="at")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/at", "out_of_range")]


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="zone"):
        clean_moment(datetime(2026, 1, 1), field="at")  # noqa: DTZ001 - that is what is tested


@given(
    st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None) - timedelta(seconds=1)),
    st.sampled_from(sorted(available_timezones())),
)
def test_what_passes_can_be_shown_in_every_zone(naive: datetime, zone: str) -> None:
    moment = clean_moment(naive.replace(tzinfo=UTC), field="at")
    assert moment.astimezone(ZoneInfo(zone)) == moment

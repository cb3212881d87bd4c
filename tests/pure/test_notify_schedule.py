"""When somebody may be told: quiet hours and digests, also where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.notify.schedule import (
    LONGEST_QUIET,
    QuietHours,
    Rhythm,
    digest_due,
    loud_at,
    quiet_length,
    sending,
    zone_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = frozenset(range(7))
NIGHT = QuietHours(time(22), time(7), EVERY_DAY)
WEEKNIGHT = QuietHours(time(22), time(7), frozenset(range(4)))  # Monday to Thursday evening
LUNCH = QuietHours(time(12), time(13), EVERY_DAY)
SMALL_HOURS = QuietHours(time(1), time(2, 30), EVERY_DAY)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "created", "sent"),
    [
        (None, "2026-03-03 23:00", "2026-03-03 23:00"),
        (NIGHT, "2026-03-03 20:59:59", "2026-03-03 20:59:59"),  # 21:59:59 in Berlin
        (NIGHT, "2026-03-03 21:00", "2026-03-04 06:00"),
        (NIGHT, "2026-03-04 05:59:59", "2026-03-04 06:00"),
        (NIGHT, "2026-03-04 06:00", "2026-03-04 06:00"),
        (LUNCH, "2026-03-04 11:30", "2026-03-04 12:00"),
        (WEEKNIGHT, "2026-03-05 23:00", "2026-03-06 06:00"),  # begun on Thursday, over on Friday
        (WEEKNIGHT, "2026-03-06 23:00", "2026-03-06 23:00"),  # Friday night is not quiet
        (WEEKNIGHT, "2026-03-09 03:00", "2026-03-09 03:00"),  # nor Monday morning, which is Sunday's
        (NIGHT, "2026-03-28 23:00", "2026-03-29 05:00"),  # the night in which an hour is skipped
        (NIGHT, "2026-10-24 22:00", "2026-10-25 06:00"),  # the night in which an hour comes twice
        (SMALL_HOURS, "2026-03-29 00:30", "2026-03-29 01:30"),  # 02:30 is skipped: 03:30
        (SMALL_HOURS, "2026-10-25 00:10", "2026-10-25 00:30"),  # the first 02:30
        (SMALL_HOURS, "2026-10-25 01:10", "2026-10-25 01:30"),  # 02:10 for the second time
    ],
)
def test_normal_news_wait_for_the_end_of_the_quiet_hours(
    quiet: QuietHours | None, created: str, sent: str
) -> None:
    rhythm = Rhythm(BERLIN, quiet)
    assert sending("normal", utc(created), rhythm).at == utc(sent)
    assert sending("low", utc(created), Rhythm(BERLIN, quiet, "none")).at == utc(sent)
    assert sending("high", utc(created), rhythm).at == utc(created)


@pytest.mark.parametrize(
    ("rhythm", "created", "sent"),
    [
        (Rhythm(BERLIN), "2026-03-03 06:59:59", "2026-03-03 07:00"),
        (Rhythm(BERLIN), "2026-03-03 07:00", "2026-03-04 07:00"),
        (Rhythm(BERLIN), "2026-03-28 12:00", "2026-03-29 06:00"),
        (Rhythm(BERLIN, None, "daily", time(2, 30)), "2026-03-28 12:00", "2026-03-29 01:30"),
        (Rhythm(BERLIN, None, "daily", time(2, 30)), "2026-03-29 01:30", "2026-03-30 00:30"),
        (Rhythm(BERLIN, None, "daily", time(2, 30)), "2026-10-24 12:00", "2026-10-25 00:30"),
        (Rhythm(BERLIN, None, "daily", time(2, 30)), "2026-10-25 00:30", "2026-10-26 01:30"),
        (Rhythm(BERLIN, NIGHT, "daily", time(23)), "2026-03-03 12:00", "2026-03-04 06:00"),
        (Rhythm(BERLIN, None, "hourly"), "2026-03-03 06:59:59", "2026-03-03 07:00"),
        (Rhythm(BERLIN, None, "hourly"), "2026-03-03 07:00", "2026-03-03 08:00"),
        (Rhythm(ZoneInfo("Asia/Kathmandu"), None, "hourly"), "2026-03-03 07:00", "2026-03-03 07:15"),
        (Rhythm(BERLIN, NIGHT, "hourly"), "2026-03-03 22:10", "2026-03-04 06:00"),
    ],
)
def test_low_news_wait_for_the_digest(rhythm: Rhythm, created: str, sent: str) -> None:
    plan = sending("low", utc(created), rhythm)
    assert (plan.at, plan.in_digest) == (utc(sent), True)


def test_the_length_of_quiet_hours_is_that_of_the_clock() -> None:
    assert quiet_length(time(22), time(7)) == timedelta(hours=9)
    assert quiet_length(time(9), time(17)) == timedelta(hours=8)
    assert quiet_length(time(9), time(9)) == timedelta(days=1)


def test_a_zone_that_this_machine_does_not_know_counts_as_utc() -> None:
    assert zone_of("Mars/Olympus").key == zone_of("/etc/passwd").key == "UTC"


ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Pacific/Chatham", "Africa/Casablanca", "Pacific/Kiritimati", "America/Santiago",
]  # fmt: skip
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
quiet_hours = st.builds(
    QuietHours, start=clocks, end=clocks, days=st.frozensets(st.integers(0, 6), min_size=1)
).filter(lambda quiet: quiet_length(quiet.start, quiet.end) <= LONGEST_QUIET)
rhythms = st.builds(
    Rhythm,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    quiet=st.none() | quiet_hours,
    digest=st.sampled_from(["daily", "hourly"]),
    digest_at=clocks,
)
# With the weeks in which clocks change drawn more often than others.
moments = st.builds(
    lambda seconds: utc("2026-01-01") + timedelta(seconds=seconds), st.integers(0, 4 * 365 * 86_400)
) | st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from([utc(f"{day} 00:00") for day in (
        "2026-03-08", "2026-03-29", "2026-04-04", "2026-04-05", "2026-09-05", "2026-09-27", "2026-10-03",
        "2026-10-25", "2026-11-01", "2027-02-07", "2027-03-14",
    )]),
    st.integers(-1500, 1500),
)  # fmt: skip


def is_quiet(moment: datetime, rhythm: Rhythm) -> bool:
    """Say it by the wall clock alone, minute by minute, as a person would."""
    if rhythm.quiet is None:
        return False
    quiet, local = rhythm.quiet, moment.astimezone(rhythm.zone)
    minutes = int(quiet_length(quiet.start, quiet.end).total_seconds()) // 60
    wall = local.replace(tzinfo=None)
    since = (wall - datetime.combine(wall.date(), quiet.start)) % timedelta(days=1)
    return since < timedelta(minutes=minutes) and (wall - since).weekday() in quiet.days


@given(moments, rhythms)
def test_nothing_is_sent_before_it_came_up_in_quiet_hours_or_more_than_a_day_late(
    created: datetime, rhythm: Rhythm
) -> None:
    loud = loud_at(created, rhythm)
    assert created <= loud <= created + timedelta(hours=25)
    assert not is_quiet(loud, rhythm)
    assert is_quiet(created, rhythm) or loud == created
    assert loud_at(loud, rhythm) == loud
    assert (
        all(is_quiet(created + (loud - created) * part / 7, rhythm) for part in range(7)) or loud == created
    )


@given(moments, rhythms)
def test_there_is_always_a_next_digest_and_it_respects_the_quiet_hours(
    created: datetime, rhythm: Rhythm
) -> None:
    due = digest_due(created, rhythm)
    assert created < due <= created + timedelta(hours=26) + LONGEST_QUIET
    assert not is_quiet(due, rhythm)
    if rhythm.quiet is None and rhythm.digest == "hourly":
        assert due <= created + timedelta(hours=1)
    if rhythm.quiet is None and rhythm.digest == "daily":
        assert digest_due(due, rhythm) - due >= timedelta(hours=22)


@given(moments, rhythms)
def test_high_goes_at_once(created: datetime, rhythm: Rhythm) -> None:
    plan = sending("high", created, rhythm)
    assert (plan.at, plan.in_digest) == (created, False)

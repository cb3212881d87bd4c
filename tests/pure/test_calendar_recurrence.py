"""Recurring windows: the rule's days against a walk over every day, and starts where the clocks change."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.calendar.recurrence import MAX_OCCURRENCES, Recurrence, clean_rule, clean_zone, parse_rule
from opsportal.core.errors import InvalidInput

SUNDAY = date(2026, 11, 22)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def recurring(rule: str = "FREQ=WEEKLY;BYDAY=SU", **values: object) -> Recurrence:
    given = {"first_day": SUNDAY, "at": time(3), "zone": "UTC", "minutes": 120, **values}
    return Recurrence(rule=rule, **given)  # type: ignore[arg-type]


def instants(recurrence: Recurrence, start: datetime, end: datetime) -> list[str]:
    return [f"{one.start:%Y-%m-%d %H:%M}" for one in recurrence.between(start, end)]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=SU", ["2026-11-22", "2026-11-29", "2026-12-06", "2026-12-13", "2026-12-20"]),
        ("FREQ=WEEKLY", ["2026-11-22", "2026-11-29", "2026-12-06", "2026-12-13", "2026-12-20"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU", ["2026-11-22", "2026-11-30", "2026-12-06", "2026-12-14",
                                                "2026-12-20"]),
        ("FREQ=MONTHLY;BYDAY=2TU", ["2026-12-08"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-11-27"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-11-30"]),
        ("FREQ=MONTHLY", ["2026-11-22", "2026-12-22"]),
        ("FREQ=DAILY;INTERVAL=10", ["2026-11-22", "2026-12-02", "2026-12-12", "2026-12-22"]),
    ],
)  # fmt: skip
def test_a_rule_gives_its_days(rule: str, days: list[str]) -> None:
    found = recurring(rule).between(utc(2026, 1, 1), utc(2026, 12, 24))
    assert [f"{one.start:%Y-%m-%d}" for one in found] == days


@pytest.mark.parametrize(
    ("day", "at", "starts"),
    [
        ((2026, 3, 28), time(2, 30), "2026-03-28 01:30"),
        ((2026, 3, 29), time(2, 30), "2026-03-29 01:30"),  # skipped: it is 03:30 there
        ((2026, 3, 29), time(3, 0), "2026-03-29 01:00"),
        ((2026, 10, 25), time(2, 30), "2026-10-25 00:30"),  # comes twice: the first
        ((2026, 10, 26), time(2, 30), "2026-10-26 01:30"),
    ],
)
def test_a_start_keeps_to_the_wall_clock_where_clocks_change(
    day: tuple[int, int, int], at: time, starts: str
) -> None:
    berlin = recurring("FREQ=DAILY", first_day=date(*day), last_day=date(*day), at=at, zone="Europe/Berlin")
    one = berlin.between(utc(2026, 1, 1), utc(2027, 1, 1))[0]
    assert f"{one.start:%Y-%m-%d %H:%M}" == starts
    assert one.end - one.start == timedelta(hours=2)


def test_an_occurrence_that_began_before_the_period_belongs_to_it() -> None:
    assert instants(recurring(), utc(2026, 11, 22, 4, 59), utc(2026, 11, 22, 6)) == ["2026-11-22 03:00"]
    assert instants(recurring(), utc(2026, 11, 22, 5), utc(2026, 11, 22, 6)) == []


def test_a_period_is_held_by_an_occurrence_wholly_or_not_at_all() -> None:
    start, end = utc(2026, 11, 22, 3), utc(2026, 11, 22, 5)
    held = recurring().holding(start, end)
    assert held is not None
    assert (held.start, held.end) == (start, end)
    second = timedelta(seconds=1)
    assert recurring().holding(start - second, end) is None
    assert recurring().holding(start, end + second) is None


def test_nothing_takes_place_after_the_last_day() -> None:
    assert recurring(last_day=date(2026, 11, 29)).next_after(utc(2026, 11, 29, 5)) is None


def test_the_ends_of_time_break_nothing() -> None:
    assert recurring().between(utc(1, 1, 1), utc(9999, 12, 31)) == recurring().between(
        utc(2026, 1, 1), utc(2190, 1, 1)
    )
    assert len(recurring().between(utc(2026, 1, 1), utc(2190, 1, 1))) == MAX_OCCURRENCES


weekdays = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
intervals = st.integers(1, 5)
rules = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, intervals),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY={}".format,
        intervals,
        st.lists(weekdays, min_size=1, unique=True).map(",".join),
    ),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, intervals, st.sampled_from([1, 15, 28, 31, -1])
    ),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYDAY={}{}".format, intervals, st.sampled_from([1, 2, 4, 5, -1]), weekdays
    ),
)
recurrences = st.builds(
    Recurrence,
    rule=rules,
    first_day=st.dates(date(2019, 1, 1), date(2027, 1, 1)),
    at=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES),
    minutes=st.integers(1, 3_000),
)


@given(recurrences, st.dates(date(2024, 1, 1), date(2027, 12, 1)), st.integers(1, 70))
def test_occurrences_are_those_of_a_walk_over_every_day(
    recurrence: Recurrence, since: date, days: int
) -> None:
    start = datetime.combine(since, time(), tzinfo=UTC)
    end = start + timedelta(days=days)
    first_day, zone = recurrence.first_day, ZoneInfo(recurrence.zone)
    walked = []
    for offset in range((end.date() - first_day).days + 3):
        day = first_day + timedelta(days=offset)
        if _takes_place(recurrence.rule, first_day, day):
            begin = datetime.combine(day, recurrence.at, tzinfo=zone).astimezone(UTC)
            if begin < end and begin + recurrence.length > start:
                walked.append(begin)
    found = recurrence.between(start, end)
    assert [one.start for one in found] == walked
    assert all(one.end - one.start == recurrence.length for one in found)


def _takes_place(text: str, first_day: date, day: date) -> bool:
    """Whether it does, by looking at this one day."""
    rule = parse_rule(text, first_day)
    if rule.frequency == "DAILY":
        return (day - first_day).days % rule.interval == 0
    if rule.frequency == "WEEKLY":
        monday = first_day - timedelta(days=first_day.weekday())
        return (day - monday).days // 7 % rule.interval == 0 and (0, day.weekday()) in rule.days
    months = (day.year - first_day.year) * 12 + day.month - first_day.month
    length = calendar.monthrange(day.year, day.month)[1]
    places = {day.day, day.day - length - 1}
    nths = {((day.day - 1) // 7 + 1, day.weekday()), (-((length - day.day) // 7 + 1), day.weekday())}
    fits = bool(places & set(rule.month_days)) or bool(nths & set(rule.days))
    return months % rule.interval == 0 and fits


@pytest.mark.parametrize(
    "text",
    [
        "", "FREQ=YEARLY", "FREQ=HOURLY", "WEEKLY", "FREQ=WEEKLY;BYDAY=2SU", "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYDAY=2TU;BYMONTHDAY=1", "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=²", "FREQ=DAILY;" + "X" * 200,
    ],
)  # fmt: skip
def test_a_rule_that_is_not_understood_is_refused_with_a_pointer(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_rule(text, SUNDAY)
    assert refusal.value.errors[0].pointer == "/rule"


def test_a_rule_that_never_takes_place_is_refused() -> None:
    with pytest.raises(InvalidInput, match="never"):
        clean_rule("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30", date(2026, 2, 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("freq=weekly;byday=su", "every Sunday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "on Monday and Wednesday of every 2 weeks"),
        ("FREQ=MONTHLY;BYDAY=-1FR,1MO", "on the first Monday and the last Friday of every month"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1", "on day 15 and the last day of every month"),
        ("FREQ=DAILY", "every day"),
    ],
)
def test_a_rule_says_itself_in_words(text: str, words: str) -> None:
    assert parse_rule(clean_rule(text, SUNDAY), SUNDAY).words == words


@pytest.mark.parametrize("name", ["", "Europe/Nowhere", "../etc/passwd", None, "CEST", "Factory"])
def test_an_unknown_zone_is_refused(name: object) -> None:
    with pytest.raises(InvalidInput):
        clean_zone(name)

"""Hours, fairness, rest, moves and reminders of a roster: by table, and against walks over each minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.roster.fairness import evenness, fairness_of
from incidents.roster.hours import Reckoning, hours_by_person, month_of
from incidents.roster.moves import moves, wording
from incidents.roster.reminders import next_reminder
from incidents.roster.rest import rest_warnings
from incidents.roster.spans import Shift, Span, total, union, without

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)  # 09:00 in Berlin
BERLIN = Reckoning("Europe/Berlin")
QUARTER = timedelta(minutes=15)
ANNA, BEN, CARLA = "a", "b", "c"


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def shift(user: str, start: float, length: float, role: str = "primary") -> Shift:
    """Return a shift that begins `start` hours after Monday morning and lasts `length` hours."""
    return Shift(user, role, MONDAY + hours(start), MONDAY + hours(start + length))


WEEK = Span(MONDAY, MONDAY + timedelta(days=7))


def test_a_week_is_days_nights_and_a_weekend() -> None:
    found = hours_by_person([shift(ANNA, 0, 7 * 24)], WEEK, BERLIN)[ANNA]
    # Five nights of eight hours, but those that belong to Saturday and Sunday: 22:00 to 24:00 on four
    # evenings and Friday's, and 00:00 to 06:00 on five mornings.
    assert found.kinds == {
        "day": hours(5 * 16),
        "night": hours(5 * 8),
        "weekend": hours(48),
        "holiday": hours(0),
    }
    assert (found.total, found.unsocial, found.standby, found.shifts) == (hours(168), hours(88), hours(0), 1)


def test_a_holiday_goes_before_weekend_and_night() -> None:
    christmas = Reckoning("Europe/Berlin", frozenset({date(2026, 12, 25), date(2026, 12, 26)}))
    day = Span(datetime(2026, 12, 24, 23, tzinfo=UTC), datetime(2026, 12, 26, 23, tzinfo=UTC))
    found = hours_by_person([Shift(ANNA, "primary", day.start, day.end)], day, christmas)[ANNA]
    assert found.kinds["holiday"] == found.total == hours(48)


def test_a_second_in_line_stands_by_unless_they_are_the_first_too() -> None:
    found = hours_by_person([shift(ANNA, 0, 10, "secondary"), shift(ANNA, 6, 8)], WEEK, BERLIN)[ANNA]
    assert (found.total, found.standby) == (hours(14), hours(6))


@pytest.mark.parametrize(("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_of_23_and_25_hours_are_counted_as_they_are(day: date, length: int) -> None:
    clock = ZoneInfo("Europe/Berlin")
    span = Span(
        datetime.combine(day, time(), clock).astimezone(UTC),
        datetime.combine(day + timedelta(days=1), time(), clock).astimezone(UTC),
    )
    found = hours_by_person([Shift(ANNA, "primary", span.start, span.end)], span, BERLIN)[ANNA]
    assert found.kinds["weekend"] == found.total == hours(length)


def test_a_month_is_that_of_the_zone() -> None:
    march = month_of(datetime(2026, 3, 15, tzinfo=UTC), "Europe/Berlin")
    assert march.length == timedelta(days=31) - hours(1)


reckonings = st.builds(
    Reckoning,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]),
    holidays=st.frozensets(st.dates(date(2026, 10, 20), date(2027, 4, 10)), max_size=5),
    weekend=st.sampled_from([frozenset({5, 6}), frozenset({4, 5}), frozenset[int]()]),
    night_from=st.sampled_from([time(22), time(0), time(22, 30)]),
    night_until=st.sampled_from([time(6), time(0), time(7, 15)]),
)
# From before the clocks change in autumn until after they do in spring.
moments = st.integers(0, 170 * 96).map(lambda steps: datetime(2026, 10, 20, tzinfo=UTC) + steps * QUARTER)
shifts = st.builds(
    lambda user, role, start, steps: Shift(user, role, start, start + steps * QUARTER),
    st.sampled_from([ANNA, BEN]),
    st.sampled_from(["primary", "secondary"]),
    moments,
    st.integers(1, 14 * 96),
)
PERIOD = Span(datetime(2026, 10, 22, tzinfo=UTC), datetime(2027, 4, 5, tzinfo=UTC))


@given(st.lists(shifts, max_size=6), reckonings)
def test_the_kinds_add_up_to_the_time_on_call(roster: list[Shift], reckoning: Reckoning) -> None:
    found = hours_by_person(roster, PERIOD, reckoning)
    for user in {one.user for one in roster}:
        theirs = total(one.span.cut(PERIOD) for one in roster if one.user == user)
        standing_by = theirs - total(
            one.span.cut(PERIOD) for one in roster if one.user == user and one.role == "primary"
        )
        got = found.get(user)
        assert (got.total if got else hours(0)) == theirs
        assert (got.standby if got else hours(0)) == standing_by


@given(moments, st.integers(1, 3 * 96), reckonings)
def test_each_quarter_of_an_hour_is_of_the_kind_that_its_clock_says(
    start: datetime, steps: int, reckoning: Reckoning
) -> None:
    found = hours_by_person(
        [Shift(ANNA, "primary", start, start + steps * QUARTER)],
        Span(start, start + steps * QUARTER),
        reckoning,
    )[ANNA]
    walked = dict.fromkeys(found.kinds, timedelta())
    for step in range(steps):
        moment = start + step * QUARTER
        day = moment.astimezone(ZoneInfo(reckoning.zone)).date()
        if day in reckoning.holidays:
            kind = "holiday"
        elif day.weekday() in reckoning.weekend:
            kind = "weekend"
        else:
            kind = "night" if reckoning.is_night(moment) else "day"
        walked[kind] += QUARTER
    assert found.kinds == walked


@given(st.lists(shifts, max_size=6), st.lists(shifts, max_size=6))
def test_what_is_taken_away_and_what_is_left_is_the_whole(one: list[Shift], other: list[Shift]) -> None:
    whole, taken = [shift.span for shift in one], [shift.span for shift in other]
    left = without(whole, taken)
    assert total(left) + total(taken) == total([*whole, *taken])
    assert union(left) == left


# --- fairness ----------------------------------------------------------------------------------------


def test_who_shares_everything_evenly_scores_a_hundred() -> None:
    turns = [shift([ANNA, BEN][week % 2], week * 168, 168) for week in range(52)]
    year = Span(MONDAY, MONDAY + timedelta(weeks=52))
    found = fairness_of(turns, year, BERLIN)
    assert (found.score, found.covered, found.even, found.unsocial_even) == (100, 100, 100, 100)
    assert [one.is_overloaded for one in found.shares] == [False, False]


def test_one_who_has_it_all_scores_nothing_and_is_overloaded() -> None:
    found = fairness_of([shift(ANNA, 0, 168)], WEEK, BERLIN, members=[ANNA, BEN])
    assert (found.score, found.even) == (0, 0)
    assert [(one.user, one.above, one.is_overloaded) for one in found.shares] == [
        (ANNA, 100, True),
        (BEN, -100, False),
    ]


def test_uncovered_time_costs_and_a_gap_by_design_does_not() -> None:
    turns = [shift(ANNA, 0, 42), shift(BEN, 42, 42)]
    half = Span(MONDAY + hours(84), WEEK.end)
    assert fairness_of(turns, WEEK, BERLIN).covered == 50
    assert fairness_of(turns, WEEK, BERLIN, by_design=[half]).covered == 100
    assert fairness_of([], WEEK, BERLIN).score == 0


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 500).map(hours), max_size=6))
def test_evenness_stays_between_0_and_100(amounts: dict[str, timedelta]) -> None:
    assert 0 <= evenness(amounts) <= 100


# --- rest --------------------------------------------------------------------------------------------


def test_less_than_eleven_hours_between_shifts_is_warned_of() -> None:
    found = rest_warnings([shift(ANNA, 0, 12), shift(ANNA, 22, 8), shift(ANNA, 41, 4)], BERLIN)
    assert [(one.kind, one.at, one.amount) for one in found] == [("short", MONDAY + hours(22), hours(10))]


def test_shifts_that_touch_are_one() -> None:
    assert rest_warnings([shift(ANNA, 0, 12), shift(ANNA, 12, 12)], BERLIN) == []


def test_more_than_a_week_at_a_time_is_warned_of() -> None:
    assert rest_warnings([shift(ANNA, 0, 168)], BERLIN) == []
    fortnight = rest_warnings([shift(ANNA, 0, 336)], BERLIN)
    assert [(one.kind, one.days) for one in fortnight] == [("days", 14)]


def test_office_shifts_on_many_days_count_though_each_ends_in_the_evening() -> None:
    found = rest_warnings([shift(ANNA, 24 * day, 9) for day in range(10)], BERLIN)
    assert [(one.kind, one.days) for one in found] == [("days", 9)]


def test_a_night_page_asks_for_rest_that_the_next_shift_must_leave() -> None:
    night = MONDAY + hours(18)  # 03:00
    own = [shift(ANNA, 0, 20), shift(ANNA, 26, 8)]
    found = rest_warnings(own, BERLIN, pages=[(ANNA, night), (ANNA, night + hours(1))])
    assert [(one.kind, one.at) for one in found] == [("night", night), ("short", MONDAY + hours(26))]
    assert rest_warnings([shift(ANNA, 0, 18)], BERLIN, pages=[(ANNA, night)]) == []


# --- moves -------------------------------------------------------------------------------------------


def test_only_those_are_told_whose_time_differs() -> None:
    before = [shift(ANNA, 0, 168), shift(BEN, 168, 168), shift(CARLA, 0, 336, "secondary")]
    after = [
        shift(ANNA, 0, 100),
        shift(BEN, 100, 236),
        shift(CARLA, 0, 168, "secondary"),
        shift(CARLA, 168, 168, "secondary"),
    ]
    found = moves(before, after, Span(MONDAY, MONDAY + timedelta(days=30)))
    handed = (Span(MONDAY + hours(100), MONDAY + hours(168)),)
    assert set(found) == {ANNA, BEN}
    assert (found[ANNA][0].lost, found[ANNA][0].gained) == (handed, ())
    assert (found[BEN][0].lost, found[BEN][0].gained) == ((), handed)


def test_a_move_is_told_in_the_readers_own_zone() -> None:
    gained = moves([], [shift(ANNA, 0, 24)], WEEK)[ANNA]
    assert wording(gained, "Europe/Berlin") == [
        "Yours now: Mon 23 Nov 09:00 – Tue 24 Nov 09:00 (CET), primary"
    ]
    assert wording(gained, "America/New_York") == [
        "Yours now: Mon 23 Nov 03:00 – Tue 24 Nov 03:00 (EST), primary"
    ]


def test_a_long_list_of_moves_is_cut() -> None:
    many = moves([], [shift(ANNA, 2 * step, 1) for step in range(30)], WEEK)[ANNA]
    assert wording(many, "UTC")[-1] == "… and 10 more"


@given(st.lists(shifts, max_size=5), st.lists(shifts, max_size=5))
def test_who_gains_and_loses_ends_with_the_new_roster(before: list[Shift], after: list[Shift]) -> None:
    found = moves(before, after, PERIOD)
    for user in (ANNA, BEN):
        for role in ("primary", "secondary"):
            old, new = (
                total(one.span.cut(PERIOD) for one in roster if (one.user, one.role) == (user, role))
                for roster in (before, after)
            )
            theirs = [move for move in found.get(user, ()) if move.role == role]
            gained = sum((total(move.gained) for move in theirs), timedelta())
            lost = sum((total(move.lost) for move in theirs), timedelta())
            assert old - lost + gained == new


# --- reminders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "then"),
    [
        (40 * 24, 28 * 24),
        (28 * 24, 21 * 24),
        (5 * 24, 72),
        (72, 48),
        (30, 24),
        (13, 12),
        (12, None),
        (1, None),
    ],
)
def test_an_open_offer_is_pointed_out_at_known_times(left: float, then: float | None) -> None:
    wanted = MONDAY - hours(then) if then is not None else None
    assert next_reminder(MONDAY, MONDAY - hours(left)) == wanted


def test_a_stand_in_from_outside_makes_no_member_overloaded() -> None:
    turns = [shift(ANNA, 0, 84), shift(BEN, 84, 82), shift("somebody-else", 166, 2)]
    found = fairness_of(turns, WEEK, BERLIN, members=[ANNA, BEN])
    assert [(one.user, one.above) for one in found.shares] == [(ANNA, 1), (BEN, -1), ("somebody-else", -98)]
    assert found.even >= 98

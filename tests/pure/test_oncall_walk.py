"""The on-call engine against a walk over every minute, where the clocks change and where months end."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.oncall.overrides import Override
from incidents.oncall.schedule import Segment, Version, final_schedule, on_call
from incidents.oncall.settings import Settings
from tests.examples import examples
from tests.walking import DAYS, Data, Walk, utc

QUARTER = timedelta(minutes=15)
PLACES = {
    "Berlin in spring": ("Europe/Berlin", utc(2026, 3, 16), utc(2026, 4, 8)),
    "Berlin in autumn": ("Europe/Berlin", utc(2026, 10, 13), utc(2026, 11, 4)),
    "New York in spring": ("America/New_York", utc(2026, 2, 24), utc(2026, 3, 18)),
    "New York in autumn": ("America/New_York", utc(2026, 10, 20), utc(2026, 11, 10)),
    "Lord Howe in autumn": ("Australia/Lord_Howe", utc(2026, 3, 24), utc(2026, 4, 14)),
    "Lord Howe in spring": ("Australia/Lord_Howe", utc(2026, 9, 22), utc(2026, 10, 13)),
    "Kathmandu": ("Asia/Kathmandu", utc(2026, 1, 20), utc(2026, 3, 4)),
    "the day that Samoa left out": ("Pacific/Apia", utc(2011, 12, 20), utc(2012, 1, 10)),
}
TIMES = ("00:00", "01:30", "02:00", "02:15", "02:30", "02:45", "03:00", "09:00", "17:45", "23:00")
PEOPLE = ("ada", "ben", "cem", "dia", "eve")


@st.composite
def restrictions(draw: st.DrawFn) -> list[Data]:
    kind = draw(st.sampled_from(["none", "day", "two", "week"]))
    at = st.sampled_from(TIMES)
    days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True)
    if kind == "day":
        return [{"days": draw(days), "begins": draw(at), "ends": draw(at)}]
    if kind == "two":
        first, second, third, fourth = sorted(draw(st.lists(at, min_size=4, max_size=4, unique=True)))
        return [
            {"days": draw(days), "begins": first, "ends": second},
            {"days": draw(days), "begins": third, "ends": fourth},
        ]
    if kind == "week":
        begins, ends = draw(
            st.lists(st.tuples(st.sampled_from(DAYS), at), min_size=2, max_size=2, unique=True)
        )
        return [{"begins_day": begins[0], "begins": begins[1], "ends_day": ends[0], "ends": ends[1]}]
    return []


@st.composite
def layers(draw: st.DrawFn, number: int, start: datetime, end: datetime) -> Data:
    advance = draw(st.sampled_from(["calendar", "calendar", "covered_days"]))
    unit = "day" if advance == "covered_days" else draw(st.sampled_from(["hour", "day", "week", "month"]))
    day = draw(st.integers(-2, (end - start).days - 2))
    begins = (start + timedelta(days=day)).date().isoformat()
    groups = draw(
        st.lists(
            st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True), min_size=1, max_size=4
        )
    )
    limits = draw(st.lists(st.integers(0, (end - start).days), min_size=2, max_size=2, unique=True))
    since, until = (
        f"{(start + timedelta(days=one)).date()}T{draw(st.sampled_from(TIMES))}" for one in sorted(limits)
    )
    rotation: Data = {
        "start": f"{begins}T{draw(st.sampled_from(TIMES))}",
        "unit": unit,
        "every": draw(st.sampled_from([1, 1, 2, 3] if unit != "hour" else [1, 5, 12, 36])),
        "groups": groups,
        "advance": advance,
    }
    return {
        "name": f"layer {number}",
        "role": draw(st.sampled_from(["primary", "primary", "secondary"])),
        "priority": draw(st.integers(1, 3)),
        "rotation": rotation,
        "restrictions": draw(restrictions()),
        "effective_from": draw(st.sampled_from([None, None, since])),
        "effective_until": draw(st.sampled_from([None, None, until if until > rotation["start"] else None])),
    }


@st.composite
def overrides(draw: st.DrawFn, number: int, start: datetime, end: datetime) -> Data:
    kind = draw(st.sampled_from(["replace", "instead", "also"]))
    quarters = (end - start) // QUARTER
    first, second = sorted(draw(st.lists(st.integers(0, quarters), min_size=2, max_size=2, unique=True)))
    old, *others = draw(st.permutations(PEOPLE))
    least = 0 if kind == "replace" else 1
    most = 1 if kind == "instead" else 2
    return {
        "number": number,
        "kind": kind,
        "start": start + first * QUARTER,
        "end": start + second * QUARTER,
        "people": others[: draw(st.integers(least, most))],
        "instead_of": old if kind == "instead" else "",
        "role": draw(st.sampled_from(["", "", "primary", "secondary"])),
    }


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Data, list[Data], datetime, datetime]:
    zone, start, end = PLACES[draw(st.sampled_from(sorted(PLACES)))]
    data = {
        "time_zone": zone,
        "must_cover": ["primary"],
        "layers": [draw(layers(number, start, end)) for number in range(draw(st.integers(0, 4)))],
    }
    return data, [draw(overrides(n, start, end)) for n in range(draw(st.integers(0, 4)))], start, end


def engine_overrides(given: list[Data]) -> list[Override]:
    return [Override(**{**one, "people": tuple(one["people"])}) for one in given]


def told(segment: Segment) -> list[tuple[str, str, str]]:
    return sorted((duty.role, duty.user_id, duty.layer) for duty in segment.duties)


def compare(data: Data, given: list[Data], start: datetime, end: datetime, step: timedelta) -> None:
    """Assert that engine and walker say the same at each step, and that the final schedule has its form."""
    plan = Settings.from_data(data)
    exceptions = engine_overrides(given)
    segments = final_schedule([Version(utc(2001, 1, 1), plan)], exceptions, start, end)
    assert [segments[0].start, segments[-1].end] == [start, end]
    for one, other in pairwise(segments):
        assert one.end == other.start
        assert (one.duties, one.missing, one.overrides) != (other.duties, other.missing, other.overrides)
    walk = Walk(data, given, start, end, step)
    position = 0
    for number, moment in enumerate(walk.moments):
        while segments[position].end <= moment:
            position += 1
        expected = sorted(walk.at(moment))
        assert told(segments[position]) == expected, moment
        assert segments[position].missing == (
            () if any(who[0] == "primary" for who in expected) else ("primary",)
        )
        if number % 7 == 0:
            found = on_call(plan, exceptions, moment)
            assert [one.duty for one in found] == list(segments[position].duties), moment
            for person in found:
                assert_held(person, segments, moment)


def assert_held(person: Any, segments: list[Segment], moment: datetime) -> None:
    """Assert that somebody is on call, for the reason told, all the time that `on_call` told."""
    assert person.start <= moment
    assert person.until is None or moment < person.until
    for segment in segments:
        if segment.start < (person.until or segments[-1].end) and person.start < segment.end:
            assert any(
                (duty.user_id, duty.role) == (person.duty.user_id, person.duty.role)
                for duty in segment.duties
            ), (person, segment)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schedules())
def test_the_engine_says_what_a_walk_over_the_time_finds(
    schedule: tuple[Data, list[Data], datetime, datetime],
) -> None:
    compare(*schedule, step=QUARTER)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-27"),
        ("Europe/Berlin", "2026-10-23"),
        ("America/New_York", "2026-03-06"),
        ("Australia/Lord_Howe", "2026-10-02"),
    ],
)
def test_every_minute_of_the_days_on_which_the_clocks_change(zone: str, day: str) -> None:
    start, each = datetime.fromisoformat(f"{day}T00:00+00:00"), list(DAYS)
    at_night = [{"days": each, "begins": "22:00", "ends": "02:30"}]
    briefly = [{"days": ["sat", "sun"], "begins": "02:15", "ends": "02:45"}]
    weekly = [{"begins_day": "sat", "begins": "02:30", "ends_day": "sun", "ends": "02:30"}]
    data = {
        "time_zone": zone,
        "must_cover": ["primary"],
        "layers": [
            layer("nights", f"{day}T02:30", "day", at_night, priority=2),
            layer("days", f"{day}T02:30", "day", briefly, "covered_days"),
            layer("weeks", f"{day}T02:30", "week", weekly),
            layer("hours", f"{day}T02:30", "hour", [], role="secondary"),
        ],
    }
    compare(data, [], start, start + timedelta(days=4), timedelta(minutes=1))


def layer(
    name: str, start: str, unit: str, limits: list[Data], advance: str = "calendar", **values: Any
) -> Data:
    rotation: Data = {
        "start": start,
        "unit": unit,
        "every": 1,
        "advance": advance,
        "groups": [["ada"], ["ben"], ["cem"]],
    }
    return {
        "name": name,
        "role": "primary",
        "priority": 1,
        "rotation": rotation,
        "restrictions": limits,
        **values,
    }

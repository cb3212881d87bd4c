"""A regular rotation in a calendar becomes a layer; what deviates stays as it is in the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.importing import ical
from incidents.importing.drafts import OverrideDraft, ScheduleDraft
from incidents.importing.translate import settings_of
from incidents.oncall.schedule import on_call
from incidents.oncall.settings import Settings
from incidents.roster.spans import Span

START = datetime(2026, 9, 1, tzinfo=UTC)
IDS = {name: str(UUID(int=number)) for number, name in enumerate("ABCDE", 1)}
NAMES = {identifier: name for name, identifier in IDS.items()}
YEAR = Span(START, START + timedelta(days=365))


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    head = "BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-TIMEZONE:Europe/Berlin\n"
    return (head + body + "END:VCALENDAR\n").replace("\n", "\r\n").encode()


def series(number: int, who: str, start: str, end: str, rule: str, *, more: str = "") -> str:
    return (
        f"UID:{number}\nDTSTART;TZID=Europe/Berlin:{start}\nDTEND;TZID=Europe/Berlin:{end}\n"
        f"RRULE:{rule}\nSUMMARY:{who}\n{more}"
    )


WEEKS = [
    series(1, "Anna", "20260907T090000", "20260914T090000", "FREQ=WEEKLY;INTERVAL=3"),
    series(2, "Ben", "20260914T090000", "20260921T090000", "FREQ=WEEKLY;INTERVAL=3"),
    series(3, "Carla", "20260921T090000", "20260928T090000", "FREQ=WEEKLY;INTERVAL=3"),
]


def drafted(*events: str, within: Span = YEAR) -> ScheduleDraft:
    [schedule] = ical.read(calendar(*events), within=within).schedules
    return schedule


def test_a_weekly_rotation_over_changes_of_the_clocks_is_one_layer() -> None:
    schedule = drafted(*WEEKS)
    [layer] = schedule.layers
    assert (layer.unit, layer.every, layer.groups) == ("week", 1, (("Anna",), ("Ben",), ("Carla",)))
    assert (layer.start.isoformat(), layer.until, schedule.overrides) == ("2026-09-07T09:00:00", None, ())


def test_a_swapped_day_and_a_hole_stay_exceptions() -> None:
    left_out = "EXDATE;TZID=Europe/Berlin:20261102T090000"
    swapped = (
        "UID:9\nDTSTART;TZID=Europe/Berlin:20260916T000000\nDTEND;TZID=Europe/Berlin:20260917T000000\n"
        "SUMMARY:[L2] Carla"
    )
    week = series(3, "Carla", "20260921T090000", "20260928T090000", "FREQ=WEEKLY;INTERVAL=3", more=left_out)
    schedule = drafted(WEEKS[0], WEEKS[1], week, swapped)
    assert len(schedule.layers) == 1
    assert [(one.start.isoformat()[:13], one.people) for one in schedule.overrides] == [
        ("2026-09-15T22", ("Carla",)),
        ("2026-11-02T08", ()),
    ]


def test_nights_of_two_who_take_turns_are_a_layer_with_a_stretch() -> None:
    schedule = drafted(
        series(1, "Anna", "20260907T180000", "20260908T080000", "FREQ=DAILY;INTERVAL=2"),
        series(2, "Ben", "20260908T180000", "20260909T080000", "FREQ=DAILY;INTERVAL=2"),
    )
    [layer] = schedule.layers
    assert (layer.unit, layer.every, len(layer.stretches), schedule.overrides) == ("day", 1, 1, ())


def test_one_that_ends_has_its_end_and_what_is_irregular_none_at_all() -> None:
    [layer] = drafted(*(one.replace("INTERVAL=3", "INTERVAL=3;COUNT=4") for one in WEEKS)).layers
    assert str(layer.until) == "2026-11-30 09:00:00"
    odd = [
        series(number, who, f"202609{day:02}T090000", f"202609{day + 1:02}T090000", "FREQ=DAILY;COUNT=1")
        for number, (who, day) in enumerate([("A", 2), ("B", 5), ("A", 6), ("C", 11), ("B", 19)])
    ]
    assert drafted(*odd).layers == ()


@settings(max_examples=25, deadline=None)
@given(
    order=st.lists(st.sampled_from("ABCD"), min_size=2, max_size=5),
    days=st.sampled_from([1, 2, 7, 14]),
    swaps=st.lists(st.tuples(st.integers(1, 110), st.sampled_from("ABCDE")), max_size=4),
)
def test_layer_and_exceptions_say_what_the_calendar_says(
    order: list[str], days: int, swaps: list[tuple[int, str]]
) -> None:
    within = Span(START, START + timedelta(days=120))
    turns = [
        series(
            number,
            who,
            f"{START + number * timedelta(days=days):%Y%m%d}T090000",
            f"{START + (number + 1) * timedelta(days=days):%Y%m%d}T090000",
            f"FREQ=DAILY;INTERVAL={days * len(order)}",
        )
        for number, who in enumerate(order)
    ]
    one_day = [
        f"UID:s{number}\nDTSTART:{START + timedelta(days=day):%Y%m%d}T100000Z\n"
        f"DTEND:{START + timedelta(days=day):%Y%m%d}T160000Z\nSUMMARY:[L{number + 2}] {who}"
        for number, (day, who) in enumerate(swaps)
    ]
    schedule = drafted(*turns, *one_day, within=within)
    told = drafted_without_layers(turns + one_day, within)
    data = Settings.from_data(settings_of(schedule, IDS, []))
    at = within.start + timedelta(hours=12)
    while at < within.end:
        exception = [one.people for one in schedule.overrides if one.start <= at < one.end]
        turn = tuple(sorted(NAMES[one.duty.user_id] for one in on_call(data, [], at)))
        said = [one.people for one in told if one.start <= at < one.end]
        assert (exception[0] if exception else turn) == (said[0] if said else ()), at
        at += timedelta(hours=5)


def drafted_without_layers(events: list[str], within: Span) -> list[OverrideDraft]:
    parsed = ical._calendar(calendar(*events))
    found = [
        one
        for each in ical._series(parsed).values()
        for one in ical._occurrences(parsed, each, within, "Europe/Berlin")
    ]
    return list(ical._flat(found, within))

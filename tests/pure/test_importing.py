"""Files of other on-call systems: what is read of them, and that nothing is dropped in silence."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.importing import grafana, ical, opsgenie
from incidents.importing.drafts import LayerDraft, OverrideDraft, StretchDraft, TargetDraft
from incidents.importing.matching import Known, matches
from incidents.roster.spans import Span
from opsportal.core.errors import InvalidInput
from tests.examples import examples

WEEK, DAY, HOUR = 7 * 86_400, 86_400, 3_600


def file(**sections: Any) -> bytes:
    return json.dumps(sections).encode()


def on_call(shift: dict[str, Any], **schedule: Any) -> bytes:
    """Return an export of Grafana OnCall with one schedule of one shift."""
    return file(
        schedules=[
            {"id": "S1", "name": "Primary", "type": "web", "time_zone": "Europe/Berlin", "shifts": ["O1"]}
            | schedule
        ],
        on_call_shifts={"count": 1, "next": None, "results": [{"id": "O1", "name": "Weekly"} | shift]},
    )


ROLLING = {
    "type": "rolling_users",
    "start": "2026-11-23T09:00:00",
    "duration": WEEK,
    "frequency": "weekly",
    "interval": 1,
    "level": 2,
    "rolling_users": [["A"], ["B", "C"]],
}


def wall(text: str) -> datetime:
    """Return a time on the clock of the schedule, without zone, as drafts have it."""
    return datetime.fromisoformat(text)


MONDAY_9 = wall("2026-11-23T09:00")


def layer_of(shift: dict[str, Any]) -> LayerDraft:
    draft = grafana.read(on_call(shift))
    assert draft.unmapped == []
    return draft.schedules[0].layers[0]


# --- Grafana OnCall ----------------------------------------------------------------------------------


def test_whole_weeks_in_turn() -> None:
    assert layer_of(ROLLING) == LayerDraft("Weekly", MONDAY_9, "week", 1, (("A",), ("B", "C")), priority=2)


def test_the_index_says_who_begins() -> None:
    assert layer_of(ROLLING | {"start_rotation_from_user_index": 1}).groups == (("B", "C"), ("A",))


def test_nights_of_a_daily_rotation() -> None:
    nights = {"frequency": "daily", "start": "2026-11-23T22:00:00", "duration": 8 * HOUR}
    found = layer_of(ROLLING | nights)
    assert (found.unit, found.every, found.stretches) == ("day", 1, (StretchDraft(time(22), time(6)),))


def test_office_hours_on_weekdays_turn_with_the_week() -> None:
    found = layer_of(
        ROLLING
        | {
            "start": "2026-11-25T09:00:00",
            "duration": 8 * HOUR,
            "by_day": ["MO", "TU", "WE", "TH", "FR"],
            "week_start": "MO",
        }
    )
    assert found.stretches == (StretchDraft(time(9), time(17), (0, 1, 2, 3, 4)),)
    # The turns are those of calendar weeks, and nobody is on call before the first event.
    assert (found.start, found.valid_from, found.unit) == (MONDAY_9, wall("2026-11-25T09:00"), "week")


def test_a_week_in_two_leaves_the_other_to_nobody() -> None:
    assert layer_of(ROLLING | {"interval": 2}).groups == (("A",), (), ("B", "C"), ())
    assert layer_of(ROLLING | {"interval": 2, "duration": 2 * WEEK}).every == 2


def test_a_weekend_is_one_stretch() -> None:
    found = layer_of(ROLLING | {"start": "2026-11-27T17:00:00", "duration": 64 * HOUR})
    assert found.stretches == (StretchDraft(time(17), time(9), (4,), 0),)


def test_turns_of_hours_and_what_ends() -> None:
    found = layer_of(
        ROLLING | {"frequency": "hourly", "interval": 8, "duration": 8 * HOUR, "until": "2027-01-01T00:00:00"}
    )
    assert (found.unit, found.every, found.until) == ("hour", 8, wall("2027-01-01"))


def test_a_single_event_is_a_layer_of_its_own_time() -> None:
    found = layer_of(
        {"type": "single_event", "start": "2026-11-23T09:00:00", "duration": 3 * HOUR, "users": ["A"]}
    )
    assert (found.start, found.until, found.groups) == (MONDAY_9, wall("2026-11-23T12:00"), (("A",),))


def test_an_override_is_one() -> None:
    draft = grafana.read(
        on_call({"type": "override", "start": "2026-11-23T08:00:00Z", "duration": HOUR, "users": ["B"]})
    )
    start = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert draft.schedules[0].overrides == (OverrideDraft(start, start + timedelta(hours=1), ("B",)),)


@pytest.mark.parametrize(
    ("shift", "why"),
    [
        ({"by_month": [1]}, "“by_month” is not known here"),
        ({"frequency": "monthly"}, "A part of a month"),
        ({"frequency": "yearly"}, "A frequency of “yearly”"),
        ({"duration": 2 * WEEK}, "Its turns overlap"),
        ({"rolling_users": []}, "names nobody"),
        ({"rolling_users": "A"}, "names nobody"),
        ({"start": "tomorrow"}, "is no time"),
        ({"start": "1066-10-14T09:00:00"}, "outside the years"),
        ({"duration": "7d"}, "“duration” must be a whole number"),
        ({"duration": True}, "“duration” must be a whole number"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"type": "lunar"}, "A shift of type “lunar”"),
        ({"by_day": ["XX"]}, "no weekday"),
        ({"interval": 0}, "“interval” must be"),
    ],
)
def test_what_cannot_be_said_here_is_listed(shift: dict[str, Any], why: str) -> None:
    draft = grafana.read(on_call(ROLLING | shift))
    assert draft.schedules[0].layers == ()
    assert [one.where for one in draft.unmapped] == ["schedules/Primary/shifts/O1"]
    assert why in draft.unmapped[0].why


def test_everything_around_that_is_not_taken_over_is_listed_too() -> None:
    draft = grafana.read(
        file(
            users={"results": [{"id": "U1", "username": "anna", "email": "anna@example.com"}]},
            schedules=[
                {"id": "S1", "name": "Feed", "type": "ical", "ical_url_primary": "https://example.com/a.ics"},
                {"id": "S2", "name": "Gone", "shifts": ["O7"], "slack": {"channel_id": "C1"}},
            ],
            on_call_shifts=[{"id": "O9"}],
            routes=[
                {"id": "R1", "escalation_chain_id": "F1", "routing_regex": "us-(east|west)"},
                {"id": "R2", "escalation_chain_id": "F1", "routing_regex": ".*", "is_the_last_route": True},
                {"id": "R3", "escalation_chain_id": None, "routing_regex": "spam"},
            ],
            slack_channels=[{"id": "C1"}],
        )
    )
    assert [one.where for one in draft.unmapped] == [
        "slack_channels",
        "schedules/Feed/ical_url_primary",
        "schedules/Gone/slack",
        "schedules/Gone/shifts/O7",
        "on_call_shifts/O9",
        "routes/R1",
        "routes/R3",
    ]
    assert [(route.matchers, route.policy) for route in draft.routes] == [((), "F1")]


def test_an_escalation_chain_becomes_steps_by_the_time_from_the_beginning() -> None:
    steps: list[dict[str, Any]] = [
        {"type": "notify_on_call_from_schedule", "notify_on_call_from_schedule": "S1", "important": True},
        {"type": "wait", "duration": 300},
        {"type": "notify_persons", "persons_to_notify": ["A", "B"], "important": True},
        {"type": "trigger_webhook", "action_to_trigger": "W1"},
        {"type": "wait", "duration": 900},
        {"type": "notify_team_members", "team_to_notify": "T1", "important": True},
        {"type": "repeat_escalation"},
    ]
    draft = grafana.read(
        file(
            escalation_chains=[{"id": "F1", "name": "Default"}, {"id": "F2", "name": "Empty"}],
            escalation_policies=[
                {"id": f"E{place}", "escalation_chain_id": "F1", "position": place} | step
                for place, step in reversed(list(enumerate(steps)))
            ],
        )
    )
    assert [(step.after, step.targets) for step in draft.policies[0].steps] == [
        (timedelta(), (TargetDraft("schedule", "S1"),)),
        (timedelta(minutes=5), (TargetDraft("person", "A"), TargetDraft("person", "B"))),
        (timedelta(minutes=20), (TargetDraft("team", "T1"),)),
    ]
    assert draft.policies[0].repeats == 5
    assert [one.where for one in draft.unmapped] == ["escalation_chains/Default/3", "escalation_chains/Empty"]


# --- Opsgenie ----------------------------------------------------------------------------------------


def rotation(**more: Any) -> dict[str, Any]:
    return {
        "name": "Days",
        "startDate": "2026-11-23T08:00:00Z",
        "type": "weekly",
        "length": 2,
        "participants": [
            {"type": "user", "id": "U1"},
            {"type": "none"},
            {"type": "user", "username": "b@x.org"},
        ],
    } | more


def opsgenie_schedule(*rotations: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": "S1", "name": "Ops", "timezone": "Europe/Berlin", "rotations": list(rotations)}]


def test_rotations_are_layers_that_are_on_call_together() -> None:
    day = {"type": "time-of-day", "restriction": {"startHour": 9, "startMin": 30, "endHour": 18, "endMin": 0}}
    week = {
        "type": "weekday-and-time-of-day",
        "restrictions": [
            {"startDay": "monday", "endDay": "friday", "startHour": 8, "endHour": 18},
            {"startDay": "saturday", "endDay": "saturday", "startHour": 10, "endHour": 12},
        ],
    }
    draft = opsgenie.read(
        file(
            schedules={
                "data": opsgenie_schedule(
                    rotation(timeRestriction=day), rotation(name="Week", type="daily", timeRestriction=week)
                )
            }
        )
    )
    days, weeks = draft.schedules[0].layers
    assert draft.unmapped == []
    assert (days.start, days.unit, days.every, days.groups) == (
        MONDAY_9,
        "week",
        2,
        (("U1",), (), ("b@x.org",)),
    )
    assert days.stretches == (StretchDraft(time(9, 30), time(18)),)
    assert weeks.stretches == (
        StretchDraft(time(8), time(18), (0,), 4),
        StretchDraft(time(10), time(12), (5,)),
    )
    assert days.priority == weeks.priority


def test_overrides_follow_their_schedule() -> None:
    override = {
        "alias": "o1",
        "user": {"type": "user", "username": "b@x.org"},
        "startDate": "2026-12-01T00:00:00+01:00",
        "endDate": "2026-12-02T00:00:00+01:00",
    }
    draft = opsgenie.read(
        file(
            schedules=opsgenie_schedule(rotation()),
            overrides=[override | {"_parent": {"id": "S1"}}, override | {"_parent": {"id": "S9"}}],
        )
    )
    assert draft.schedules[0].overrides == (
        OverrideDraft(
            datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 1, 23, tzinfo=UTC), ("b@x.org",)
        ),
    )
    assert [one.where for one in draft.unmapped] == ["overrides/S9"]


def test_escalations_and_routes() -> None:
    draft = opsgenie.read(
        file(
            escalations=[
                {
                    "id": "E1",
                    "name": "Ops escalation",
                    "rules": [
                        {
                            "condition": "if-not-acked",
                            "notifyType": "default",
                            "delay": {"timeAmount": 0, "timeUnit": "minutes"},
                            "recipient": {"type": "schedule", "id": "S1"},
                        },
                        {
                            "condition": "if-not-closed",
                            "notifyType": "random",
                            "delay": {"timeAmount": 1, "timeUnit": "hours"},
                            "recipient": {"type": "team", "id": "T1"},
                        },
                    ],
                    "repeat": {"waitInterval": 10, "count": 3, "closeAlertAfterAll": True},
                }
            ],
            routing_rules=[
                {
                    "id": "R1",
                    "name": "Payments",
                    "criteria": {
                        "type": "match-any-condition",
                        "conditions": [
                            {
                                "field": "extra-properties",
                                "key": "team",
                                "operation": "equals",
                                "expectedValue": "payments",
                            },
                            {
                                "field": "extra-properties",
                                "key": "job",
                                "not": True,
                                "operation": "matches",
                                "expectedValue": "batch.*",
                            },
                        ],
                    },
                    "notify": {"type": "escalation", "id": "E1"},
                },
                {"id": "R2", "name": "All", "criteria": {"type": "match-all"}, "notify": {"type": "none"}},
                {
                    "id": "R3",
                    "name": "Words",
                    "criteria": {
                        "type": "match-all-conditions",
                        "conditions": [{"field": "message", "operation": "contains", "expectedValue": "x"}],
                    },
                    "notify": {"type": "escalation", "id": "E1"},
                },
            ],
        )
    )
    policy = draft.policies[0]
    assert [(step.after, step.targets) for step in policy.steps] == [
        (timedelta(), (TargetDraft("schedule", "S1"),)),
        (timedelta(hours=1), (TargetDraft("team", "T1"),)),
    ]
    assert policy.repeats == 3
    assert [(one.label, one.op, one.value) for route in draft.routes for one in route.matchers] == [
        ("team", "=", "payments"),
        ("job", "!~", "batch.*"),
    ]
    assert [one.where for one in draft.unmapped] == [
        "escalations/Ops escalation/rules/1/condition",
        "escalations/Ops escalation/rules/1/notifyType",
        "escalations/Ops escalation/repeat/closeAlertAfterAll",
        "routing_rules/All",
        "routing_rules/Words",
    ]


# --- both: what is no export -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'"x"',
        b'{"people": []}',
        b'{"schedules": 5}',
        b'{"schedules": [5]}',
        b"[" * 99_999,
    ],
)
@pytest.mark.parametrize("reader", [grafana.read, opsgenie.read])
def test_what_is_no_export_is_refused(reader: Any, content: bytes) -> None:
    with pytest.raises(InvalidInput):
        reader(content)


@pytest.mark.parametrize(
    ("content", "pointer", "detail"),
    [
        (b'{"schedules": [{}, 5]}', "/file/schedules/1", "Number 2 of schedules must be an object."),
        (
            b'{"schedules": [{"results": [{}]}, {"results": [{}, {}, null]}]}',
            "/file/schedules/1/results/2",
            "Number 3 of schedules, 1, results must be an object.",
        ),
        (b'{"schedules": "x"}', "/file/schedules", "schedules must be a list of objects."),
    ],
)
def test_a_malformed_row_is_named_by_its_place(content: bytes, pointer: str, detail: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        grafana.read(content)
    assert [(error.pointer, error.detail) for error in caught.value.errors] == [(pointer, detail)]


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.text(max_size=6) | st.just("2026-11-23T09:00:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = re.findall(
    r"\w+",
    "id name type shifts start duration frequency interval by_day rolling_users users time_zone timezone"
    " until rotations startDate participants timeRestriction rules delay recipient criteria notify conditions"
    " repeat escalation_chain_id position persons_to_notify _parent user endDate ownerTeam username email",
)
KINDS = (
    "rolling_users",
    "override",
    "single_event",
    "weekly",
    "user",
    "escalation",
    "wait",
    "notify_persons",
)
things = st.dictionaries(st.sampled_from(NAMES), junk | st.sampled_from(KINDS), max_size=9)


@settings(max_examples=examples(60))
@given(
    st.dictionaries(
        st.sampled_from(sorted({*grafana.SECTIONS, *opsgenie.SECTIONS})),
        st.lists(things, max_size=3),
        min_size=1,
    )
)
def test_whatever_stands_in_a_file_nothing_breaks(sections: dict[str, Any]) -> None:
    for reader in (grafana.read, opsgenie.read):
        try:
            draft = reader(json.dumps(sections).encode())
        except InvalidInput:
            continue
        assert all(one.where and one.why for one in draft.unmapped)


# --- calendar files ----------------------------------------------------------------------------------

NOVEMBER = Span(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def calendar(*events: str, zone: str = "Europe/Berlin") -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT\r\n" for event in events)
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-TIMEZONE:{zone}\r\nX-WR-CALNAME:Night watch\r\n"
    return (head + body + "END:VCALENDAR\r\n").replace("\r\n", "\n").replace("\n", "\r\n").encode()


WEEKLY = "UID:w\nDTSTART;TZID=Europe/Berlin:20261102T090000\nDTEND;TZID=Europe/Berlin:20261103T090000\n"


def test_a_series_with_a_day_left_out_and_one_moved() -> None:
    draft = ical.read(
        calendar(
            WEEKLY + "RRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Berlin:20261116T090000\n"
            "SUMMARY:On-call: Anna Berg (primary)",
            "UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20261123T090000\nDTSTART;TZID=Europe/Berlin:20261124T120000\n"
            "DTEND;TZID=Europe/Berlin:20261124T140000\nSUMMARY:Ben",
        ),
        within=NOVEMBER,
    )
    schedule = draft.schedules[0]
    assert (schedule.name, schedule.zone, draft.unmapped) == ("Night watch", "Europe/Berlin", [])
    assert [(one.start.isoformat(), one.end.isoformat(), one.people) for one in schedule.overrides] == [
        ("2026-11-02T08:00:00+00:00", "2026-11-03T08:00:00+00:00", ("Anna Berg",)),
        ("2026-11-09T08:00:00+00:00", "2026-11-10T08:00:00+00:00", ("Anna Berg",)),
        ("2026-11-24T11:00:00+00:00", "2026-11-24T13:00:00+00:00", ("Ben",)),
        ("2026-11-30T08:00:00+00:00", "2026-12-01T00:00:00+00:00", ("Anna Berg",)),
    ]


def test_whole_days_are_those_of_the_calendars_zone_and_addresses_go_before_titles() -> None:
    draft = ical.read(
        calendar(
            "UID:d\nDTSTART;VALUE=DATE:20261107\nDTEND;VALUE=DATE:20261109\nSUMMARY:Weekend\n"
            "ATTENDEE;CN=Anna:mailto:Anna@Example.com"
        ),
        within=NOVEMBER,
    )
    assert draft.schedules[0].overrides == (
        OverrideDraft(
            datetime(2026, 11, 6, 23, tzinfo=UTC),
            datetime(2026, 11, 8, 23, tzinfo=UTC),
            ("anna@example.com",),
        ),
    )


def test_a_higher_priority_hides_and_equal_ones_share() -> None:
    day = "DTSTART:202611{0:02}T{1:02}0000Z\nDTEND:202611{0:02}T{2:02}0000Z\nSUMMARY:"
    draft = ical.read(
        calendar(
            "UID:1\n" + day.format(2, 8, 20) + "Anna",
            "UID:2\n" + day.format(2, 10, 12) + "[L2] Ben",
            "UID:3\n" + day.format(2, 18, 20) + "Carla, Dora",
        ),
        within=NOVEMBER,
    )
    assert [(one.start.hour, one.end.hour, one.people) for one in draft.schedules[0].overrides] == [
        (8, 10, ("Anna",)),
        (10, 12, ("Ben",)),
        (12, 18, ("Anna",)),
        (18, 20, ("Anna", "Carla", "Dora")),
    ]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (WEEKLY + "RRULE:FREQ=SECONDLY\nSUMMARY:A", "FREQ=SECONDLY"),
        (WEEKLY + "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nSUMMARY:A", "daily rule"),
        (WEEKLY + "RRULE:FREQ=YEARLY;BYYEARDAY=400\nSUMMARY:A", ""),
        (WEEKLY + "SUMMARY:", "does not say who"),
        ("UID:n\nSUMMARY:A", "no start"),
        ("UID:z\nDTSTART;TZID=Mars/Base:20261102T090000\nSUMMARY:A", "time zone “Mars/Base”"),
        (WEEKLY + "RRULE:FREQ=WEEKLY\nEXDATE;TZID=Mars/Base:20261116T090000\nSUMMARY:A", "Mars/Base"),
        ("UID:n\nDTSTART:10661014T090000Z\nSUMMARY:A", "before the year 2000"),
    ],
)
def test_events_that_are_not_understood_are_listed(event: str, why: str) -> None:
    draft = ical.read(calendar(event), within=NOVEMBER)
    assert draft.schedules[0].overrides == ()
    assert why in draft.unmapped[0].why


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"BEGIN:VCALENDAR", b"\xff\xfe\x00"]
)
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        ical.read(content, within=NOVEMBER)


# --- who is meant ------------------------------------------------------------------------------------

PEOPLE = [
    Known("1", "Anna Berg", "anna@example.com"),
    Known("2", "Béla  Kiss", "bela@example.com"),
    Known("3", "Chris", "c1@example.com"),
    Known("4", "Chris", "c2@example.com"),
]


def test_people_are_found_by_what_was_said_then_address_then_name() -> None:
    draft = ical.read(
        calendar(
            "UID:1\nDTSTART:20261102T080000Z\nDTEND:20261102T090000Z\n"
            "SUMMARY:ANNA@example.com, bela kiss, Chris, Zed, Yan"
        ),
        within=NOVEMBER,
    )
    found = matches(draft, PEOPLE, {"Yan": "4", "Zed": "nobody@example.com"})
    assert [(one.person.ref, one.user, one.by) for one in found] == [
        ("Chris", "", ""),
        ("Zed", "", ""),
        ("ANNA@example.com", "1", "address"),
        ("bela kiss", "2", "name"),
        ("Yan", "4", "given"),
    ]

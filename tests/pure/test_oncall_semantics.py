"""The on-call semantics, sentence by sentence, as tables. Times of the tables are in UTC."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.oncall.leavers import without
from incidents.oncall.schedule import Version, final_schedule, on_call
from incidents.oncall.settings import Settings
from tests.oncalling import LONG_AGO, exception, layer_of, moment, plan_of, shown, told

WORK = [{"days": ["mon", "tue", "wed", "thu", "fri"], "begins": "09:00", "ends": "17:00"}]


def test_a_day_of_a_rotation_lasts_23_or_25_hours_and_hours_are_elapsed_time() -> None:
    days = plan_of(layer_of("ada", "ben", start="2026-03-27T09:00"))
    assert shown(days, "2026-03-27 12:00", "2026-03-30 12:00") == [
        "03-27 12:00 ada",
        "03-28 08:00 ben",
        "03-29 07:00 ada",  # 23 hours later
        "03-30 07:00 ben",
    ]
    autumn = plan_of(layer_of("ada", "ben", start="2026-10-24T09:00"))
    assert shown(autumn, "2026-10-24 07:00", "2026-10-26 08:30") == [
        "10-24 07:00 ada",
        "10-25 08:00 ben",  # 25 hours later
        "10-26 08:00 ada",
    ]
    hours = plan_of(layer_of("ada", "ben", start="2026-03-28T21:00", unit="hour", every=12))
    assert shown(hours, "2026-03-28 20:00", "2026-03-30 08:00") == [
        "03-28 20:00 ada",  # on the wall at 21:00, then at 10:00 and at 22:00
        "03-29 08:00 ben",
        "03-29 20:00 ada",
    ]


def test_a_handover_that_the_clocks_skip_is_at_the_first_instant_after_the_gap() -> None:
    plan = plan_of(layer_of("ada", "ben", start="2026-03-28T02:30"))
    assert shown(plan, "2026-03-28 12:00", "2026-03-30 12:00") == [
        "03-28 12:00 ada",
        "03-29 01:00 ben",  # 03:00 on the wall
        "03-30 00:30 ada",
    ]


def test_of_a_handover_that_comes_twice_the_first_is_meant() -> None:
    plan = plan_of(layer_of("ada", "ben", start="2026-10-24T02:30"))
    assert shown(plan, "2026-10-24 12:00", "2026-10-26 12:00") == [
        "10-24 12:00 ada",
        "10-25 00:30 ben",
        "10-26 01:30 ada",
    ]


def test_a_restriction_begins_at_the_first_and_ends_at_the_last_occurrence() -> None:
    at_night = [{"days": ["sun"], "begins": "02:15", "ends": "02:45"}]
    plan = plan_of(layer_of("ada", restrictions=at_night))
    assert shown(plan, "2026-10-25 00:00", "2026-10-25 03:00") == [
        "10-25 00:00 –",
        "10-25 00:15 ada",
        "10-25 01:45 –",  # an hour and a half later
    ]
    assert shown(plan, "2026-03-29 00:00", "2026-03-29 03:00") == ["03-29 00:00 –"]  # nothing of it is left


def test_a_turn_of_zero_length_uses_up_nobody() -> None:
    """Samoa left out the 30th of December 2011."""
    plan = plan_of(layer_of("ada", "ben", "cem", start="2011-12-29T00:00"), zone="Pacific/Apia")
    assert shown(plan, "2011-12-29 10:00", "2012-01-01 12:00") == [
        "12-29 10:00 ada",
        "12-30 10:00 ben",  # the 31st
        "12-31 10:00 cem",
        "01-01 10:00 ada",
    ]


def test_nobody_is_on_call_before_a_rotations_start() -> None:
    plan = plan_of(layer_of("ada", start="2026-05-01T09:00"))
    assert shown(plan, "2026-05-01 00:00", "2026-05-02 00:00") == ["05-01 00:00 –", "05-01 07:00 ada"]
    assert on_call(plan, (), moment("2026-05-01 06:59")) == []


def test_turns_before_effective_from_count_all_the_same() -> None:
    plan = plan_of(
        layer_of(
            "ada",
            "ben",
            "cem",
            start="2026-05-01T09:00",
            effective_from="2026-05-02T12:00",
            effective_until="2026-05-04T10:00",
        )
    )
    assert shown(plan, "2026-05-01 00:00", "2026-05-05 00:00") == [
        "05-01 00:00 –",
        "05-02 10:00 ben",
        "05-03 07:00 cem",
        "05-04 07:00 ada",
        "05-04 08:00 –",
    ]


def test_a_higher_layer_hides_a_lower_one_where_it_covers_and_equal_ones_are_both_on_call() -> None:
    plan = plan_of(
        layer_of("ada"),
        layer_of("ben", priority=2, restrictions=WORK),
        layer_of("cem", priority=2, restrictions=[{**WORK[0], "begins": "16:00", "ends": "18:00"}]),
    )
    assert shown(plan, "2026-06-01 00:00", "2026-06-02 00:00") == [  # a Monday
        "06-01 00:00 ada",
        "06-01 07:00 ben",
        "06-01 14:00 ben, cem",
        "06-01 15:00 cem",
        "06-01 16:00 ada",
    ]


def test_a_layer_hides_only_its_own_role() -> None:
    plan = plan_of(layer_of("ada", priority=9), layer_of("ben", role="secondary"))
    assert shown(plan, "2026-06-01 00:00", "2026-06-02 00:00") == ["06-01 00:00 ada, ben"]


def test_a_turn_may_be_a_group_of_several_people_at_once() -> None:
    plan = plan_of(layer_of("ada ben", "cem", unit="week"))
    assert shown(plan, "2026-01-05 08:00", "2026-01-19 08:00") == ["01-05 08:00 ada, ben", "01-12 08:00 cem"]


@pytest.mark.parametrize(
    ("limits", "lines"),
    [
        pytest.param(
            WORK,
            ["06-05 00:00 –", "06-05 07:00 ada", "06-05 15:00 –", "06-08 07:00 ada", "06-08 15:00 –"],
            id="by day",
        ),
        pytest.param(
            [{"days": ["fri"], "begins": "22:00", "ends": "06:00"}],
            ["06-05 00:00 –", "06-05 20:00 ada", "06-06 04:00 –"],
            id="over midnight",
        ),
        pytest.param(
            [{"days": ["fri"], "begins": "10:00", "ends": "10:00"}],
            ["06-05 00:00 –", "06-05 08:00 ada", "06-06 08:00 –"],
            id="equal times are 24 hours",
        ),
        pytest.param(
            [{"days": ["sun"], "begins": "22:00", "ends": "06:00"}],
            ["06-05 00:00 –", "06-07 20:00 ada", "06-08 04:00 –"],
            id="over the end of the week",
        ),
        pytest.param(
            [{"begins_day": "fri", "begins": "18:00", "ends_day": "mon", "ends": "08:00"}],
            ["06-05 00:00 –", "06-05 16:00 ada", "06-08 06:00 –"],
            id="one stretch of several days",
        ),
        pytest.param(
            [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "begins": "09:00", "ends": "09:00"}],
            ["06-05 00:00 ada"],
            id="the whole week",
        ),
    ],
)
def test_restrictions(limits: list[dict[str, object]], lines: list[str]) -> None:
    plan = plan_of(layer_of("ada", restrictions=limits))
    assert shown(plan, "2026-06-05 00:00", "2026-06-09 00:00") == lines  # Friday to Monday


def test_by_default_the_rotation_advances_by_the_calendar_and_else_by_covered_days() -> None:
    """Weekdays, a person for each day; over the weekend the calendar goes on and covered days do not."""
    people = ("ada", "ben", "cem", "dia")
    start = "2026-06-04T09:00"  # a Thursday
    by_calendar = plan_of(layer_of(*people, start=start, restrictions=WORK))
    by_cover = plan_of(layer_of(*people, start=start, restrictions=WORK, advance="covered_days"))
    asked = ("2026-06-04 07:00", "2026-06-09 15:00")
    on_duty = [line for line in shown(by_calendar, *asked) if "–" not in line]
    assert on_duty == ["06-04 07:00 ada", "06-05 07:00 ben", "06-08 07:00 ada", "06-09 07:00 ben"]
    on_duty = [line for line in shown(by_cover, *asked) if "–" not in line]
    assert on_duty == ["06-04 07:00 ada", "06-05 07:00 ben", "06-08 07:00 cem", "06-09 07:00 dia"]


def test_a_covered_day_that_the_clocks_swallow_does_not_count() -> None:
    limits = [{"days": ["sat", "sun", "mon"], "begins": "02:00", "ends": "03:00"}]
    plan = plan_of(
        layer_of("ada", "ben", "cem", start="2026-03-28T02:00", restrictions=limits, advance="covered_days")
    )
    assert shown(plan, "2026-03-28 00:00", "2026-03-30 02:00") == [
        "03-28 00:00 –",
        "03-28 01:00 ada",
        "03-28 02:00 –",
        "03-30 00:00 ben",
        "03-30 01:00 –",
    ]


def test_a_monthly_handover_is_clamped_from_the_anchor_and_never_drifts() -> None:
    plan = plan_of(layer_of("ada", "ben", start="2026-01-31T09:00", unit="month"), zone="UTC")
    assert shown(plan, "2026-02-01 00:00", "2026-06-01 00:00") == [
        "02-01 00:00 ada",
        "02-28 09:00 ben",
        "03-31 09:00 ada",
        "04-30 09:00 ben",
        "05-31 09:00 ada",
    ]
    assert shown(plan, "2028-02-01 00:00", "2028-03-01 00:00")[1] == "02-29 09:00 ben"


DAY = ("2026-06-01 00:00", "2026-06-02 00:00")
NOON = ("2026-06-01 10:00", "2026-06-01 12:00")


@pytest.mark.parametrize(
    ("overrides", "lines"),
    [
        ([("replace", ["cem", "dia"], "")], ["00:00 ada, ben", "10:00 cem, dia", "12:00 ada, ben"]),
        ([("replace", [], "")], ["00:00 ada, ben", "10:00 –", "12:00 ada, ben"]),
        ([("instead", ["cem"], "ben")], ["00:00 ada, ben", "10:00 ada, cem", "12:00 ada, ben"]),
        ([("instead", ["cem"], "eve")], ["00:00 ada, ben"]),
        ([("also", ["cem"], "")], ["00:00 ada, ben", "10:00 ada, ben, cem", "12:00 ada, ben"]),
        # not chained: eve does not come for cem, who stands in for ben
        (
            [("instead", ["cem"], "ben"), ("instead", ["eve"], "cem")],
            ["00:00 ada, ben", "10:00 ada, cem", "12:00 ada, ben"],
        ),
        # the one created last wins
        (
            [("instead", ["cem"], "ben"), ("instead", ["eve"], "ben")],
            ["00:00 ada, ben", "10:00 ada, eve", "12:00 ada, ben"],
        ),
        (
            [("also", ["cem"], ""), ("replace", ["eve"], "")],
            ["00:00 ada, ben", "10:00 eve", "12:00 ada, ben"],
        ),
        (
            [("replace", ["eve"], ""), ("also", ["cem"], "")],
            ["00:00 ada, ben", "10:00 eve, cem", "12:00 ada, ben"],
        ),
        (
            [("instead", ["cem"], "ben"), ("replace", ["ben"], "")],
            ["00:00 ada, ben", "10:00 ben", "12:00 ada, ben"],
        ),
        (
            [("replace", ["eve"], ""), ("instead", ["cem"], "eve")],
            ["00:00 ada, ben", "10:00 cem", "12:00 ada, ben"],
        ),
    ],
)
def test_overrides(overrides: list[tuple[str, list[str], str]], lines: list[str]) -> None:
    plan = plan_of(layer_of("ada ben"))
    given = [
        exception(number, kind, *NOON, *people, instead_of=old)
        for number, (kind, people, old) in enumerate(overrides)
    ]
    assert [line.split(" ", 1)[1] for line in shown(plan, *DAY, *given)] == lines
    assert shown(plan, *DAY, *reversed(given)) == shown(plan, *DAY, *given)


def test_an_instead_acts_only_while_that_one_is_on_call() -> None:
    plan = plan_of(layer_of("ada", "ben"))  # handover at 07:00
    swap = exception(1, "instead", "2026-06-01 00:00", "2026-06-03 00:00", "cem", instead_of="ada")
    assert shown(plan, "2026-06-01 00:00", "2026-06-03 00:00", swap) == [
        "06-01 00:00 cem",
        "06-01 07:00 ben",
        "06-02 07:00 cem",
    ]


def test_an_override_of_one_role_leaves_the_others() -> None:
    plan = plan_of(layer_of("ada"), layer_of("ben", role="secondary"))
    cover = exception(1, "replace", *NOON, "cem", role="secondary")
    [_, during, _] = final_schedule([Version(LONG_AGO, plan)], [cover], moment(DAY[0]), moment(DAY[1]))
    assert [(duty.role, duty.user_id, duty.layer, duty.override) for duty in during.duties] == [
        ("primary", "ada", "Rota 1", None),
        ("secondary", "cem", "", 1),
    ]


def test_a_cancelled_override_acted_until_it_was_cancelled() -> None:
    plan = plan_of(layer_of("ada"))
    cancelled = exception(1, "replace", *NOON, "cem", cancelled_at=moment("2026-06-01 11:00"))
    assert shown(plan, *DAY, cancelled) == ["06-01 00:00 ada", "06-01 10:00 cem", "06-01 11:00 ada"]
    before = exception(1, "replace", *NOON, "cem", cancelled_at=moment("2026-05-01 11:00"))
    assert shown(plan, *DAY, before) == ["06-01 00:00 ada"]


def test_intervals_are_half_open_and_the_schedule_covers_the_whole_query_with_merged_segments() -> None:
    plan = plan_of(layer_of("ada", "ada", "ben", start="2026-06-01T09:00"))
    assert shown(plan, "2026-05-31 00:00", "2026-06-04 07:00") == [
        "05-31 00:00 –",
        "06-01 07:00 ada",  # two turns, one segment
        "06-03 07:00 ben",
    ]
    handover = moment("2026-06-03 07:00")
    assert [one.duty.user_id for one in on_call(plan, (), handover)] == ["ben"]
    assert [one.duty.user_id for one in on_call(plan, (), handover - timedelta(seconds=1))] == ["ada"]
    assert final_schedule([Version(LONG_AGO, plan)], (), handover, handover) == []


def test_what_must_be_covered_and_is_not_is_told_as_missing() -> None:
    plan = plan_of(
        layer_of("ada"),
        layer_of("ben", role="secondary", restrictions=WORK),
        must_cover=["primary", "secondary"],
    )
    segments = final_schedule(
        [Version(LONG_AGO, plan)], (), moment("2026-06-01 06:00"), moment("2026-06-01 16:00")
    )
    assert [one.missing for one in segments] == [("secondary",), (), ("secondary",)]
    assert [one.is_gap for one in segments] == [True, False, True]


def test_the_past_is_answered_from_the_settings_as_they_were_then() -> None:
    before = Version(moment("2026-06-01 00:00"), plan_of(layer_of("ada")))
    after = Version(moment("2026-06-02 12:00"), plan_of(layer_of("ben")))
    retired = Version(moment("2026-06-03 12:00"), Settings("Europe/Berlin"))
    lines = told(
        final_schedule([before, after, retired], (), moment("2026-05-31 00:00"), moment("2026-06-04 00:00"))
    )
    assert lines == ["05-31 00:00 –", "06-01 00:00 ada", "06-02 12:00 ben", "06-03 12:00 –"]


def test_since_and_until_when_somebody_is_on_call() -> None:
    plan = plan_of(layer_of("ben", "ada"), layer_of("cem", priority=2, restrictions=WORK))
    [ada] = on_call(plan, (), moment("2026-06-05 16:00"))  # a Friday after work
    assert (ada.duty.user_id, ada.start, ada.until) == (
        "ada",
        moment("2026-06-05 15:00"),
        moment("2026-06-06 07:00"),
    )
    evening = exception(1, "replace", "2026-06-05 20:00", "2026-06-05 22:00", "dia")
    [ada] = on_call(plan, [evening], moment("2026-06-05 16:00"))
    assert ada.until == moment("2026-06-05 20:00")
    [alone] = on_call(plan_of(layer_of("ada")), (), moment("2026-06-05 16:00"))
    assert (alone.start, alone.until) == (moment("2026-01-05 08:00"), None)


def test_who_is_gone_leaves_a_gap_from_then_on_and_nothing_before() -> None:
    plan = plan_of(layer_of("ada ben", "cem", start="2026-03-02T09:00"), zone="UTC")
    versions = [Version(LONG_AGO, plan)]
    segments = final_schedule(versions, [], moment("2026-03-02 09:00"), moment("2026-03-06 09:00"))
    assert told(without(segments, {"ada": moment("2026-03-02 12:00")}, versions)) == [
        "03-02 09:00 ada, ben",
        "03-02 12:00 ben",
        "03-03 09:00 cem",
        "03-04 09:00 ben",
        "03-05 09:00 cem",
    ]
    left = without(segments, dict.fromkeys(("ben", "cem", "ada"), moment("2026-03-03 12:00")), versions)
    assert [*told(left), left[-1].missing] == [
        "03-02 09:00 ada, ben",
        "03-03 09:00 cem",
        "03-03 12:00 –",
        ("primary",),
    ]
    assert without(segments, {"dan": moment("2026-03-03 12:00")}, versions) == segments

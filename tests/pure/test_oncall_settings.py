"""Settings of a schedule as data: there and back, and every wrong thing with its pointer."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.oncall.settings import Settings
from opsportal.core.errors import InvalidInput
from tests.oncalling import layer_of, plan_of

NINE_TO_FIVE = {"days": ["mon"], "begins": "09:00", "ends": "17:00"}
WEEKEND = {"begins_day": "fri", "begins": "18:00", "ends_day": "mon", "ends": "08:00"}


def test_settings_come_back_from_their_data() -> None:
    plan = plan_of(
        layer_of("ada ben", "cem", unit="week", every=2, restrictions=[NINE_TO_FIVE], priority=3),
        layer_of("ada", role="expert", advance="covered_days", effective_from="2026-02-01T00:00"),
        layer_of("dia", role="secondary", unit="month", start="2026-01-31T09:00", restrictions=[WEEKEND]),
        must_cover=["primary", "secondary"],
    )
    assert Settings.from_data(plan.as_data()) == plan
    assert plan.people == {"ada", "ben", "cem", "dia"}


def test_where_nothing_says_what_must_be_covered_it_is_the_primary_or_else_whatever_there_is() -> None:
    assert plan_of(layer_of("ada"), layer_of("ben", role="expert")).must_cover == ("primary",)
    assert plan_of(layer_of("ben", role="expert")).must_cover == ("expert",)
    assert plan_of(layer_of("ada"), must_cover=[]).must_cover == ()


def rotation(**values: Any) -> dict[str, Any]:
    return {"rotation": {**layer_of("ada")["rotation"], **values}}


@pytest.mark.parametrize(
    ("values", "pointer", "code"),
    [
        ({"name": " "}, "/name", "required"),
        ({"role": "king"}, "/role", "unknown"),
        ({"priority": -1}, "/priority", "out_of_range"),
        ({"priority": True}, "/priority", "out_of_range"),
        ({"colour": "red"}, "/colour", "unknown"),
        ({"rotation": None}, "/rotation", "not_an_object"),
        (rotation(start="2026-01-05T09:00Z"), "/rotation/start", "not_a_local_time"),
        (rotation(start="soon"), "/rotation/start", "not_a_local_time"),
        (rotation(start="1999-01-05T09:00"), "/rotation/start", "out_of_range"),
        (rotation(unit="fortnight"), "/rotation/unit", "unknown"),
        (rotation(every=0), "/rotation/every", "out_of_range"),
        (rotation(every=-1), "/rotation/every", "out_of_range"),
        (rotation(every=1.5), "/rotation/every", "out_of_range"),
        (rotation(groups=[]), "/rotation/groups", "required"),
        (rotation(groups=[["ada"], []]), "/rotation/groups/1", "required"),
        (rotation(groups=[["ada", "ada"]]), "/rotation/groups/0/1", "twice"),
        (rotation(groups=[[7]]), "/rotation/groups/0/0", "unknown"),
        (rotation(groups="ada"), "/rotation/groups", "not_a_list"),
        (rotation(groups=[["ada"]] * 201), "/rotation/groups", "too_many"),
        (rotation(advance="sometimes"), "/rotation/advance", "unknown"),
        (rotation(advance="covered_days", unit="week"), "/rotation/advance", "contradicts"),
        ({"restrictions": [{**NINE_TO_FIVE, "days": []}]}, "/restrictions/0/days", "required"),
        ({"restrictions": [{**NINE_TO_FIVE, "days": ["someday"]}]}, "/restrictions/0/days/0", "unknown"),
        ({"restrictions": [{**NINE_TO_FIVE, "ends": "25:00"}]}, "/restrictions/0/ends", "not_a_time"),
        ({"restrictions": [{**NINE_TO_FIVE, "ends": "17:00:30"}]}, "/restrictions/0/ends", "not_a_time"),
        (
            {"restrictions": [NINE_TO_FIVE, {**NINE_TO_FIVE, "begins": "16:00"}]},
            "/restrictions/1",
            "overlaps",
        ),
        (
            {"restrictions": [NINE_TO_FIVE, {"days": ["sun"], "begins": "22:00", "ends": "09:15"}]},
            "/restrictions/1",
            "overlaps",
        ),
        ({"restrictions": [NINE_TO_FIVE, WEEKEND]}, "/restrictions", "contradicts"),
        ({"restrictions": [WEEKEND, WEEKEND]}, "/restrictions", "contradicts"),
        (
            {"restrictions": [{**WEEKEND, "ends_day": "fri", "ends": "18:00"}]},
            "/restrictions/0/ends",
            "contradicts",
        ),
        (
            {"effective_from": "2026-02-01T00:00", "effective_until": "2026-02-01T00:00"},
            "/effective_until",
            "ends_before_start",
        ),
        ({"effective_until": "2026-01-05T09:00"}, "/effective_until", "ends_before_start"),
    ],
)
def test_what_is_wrong_with_a_layer_is_told_with_its_pointer(
    values: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan_of(layer_of("ada") | {"name": "Days"} | values)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [(f"/layers/0{pointer}", code)]


@pytest.mark.parametrize(
    ("data", "pointer", "code"),
    [
        ([], "", "not_an_object"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone", "unknown"),
        ({"time_zone": 1}, "/time_zone", "unknown"),
        ({}, "/time_zone", "unknown"),
        ({"time_zone": "UTC", "layers": {}}, "/layers", "not_a_list"),
        ({"time_zone": "UTC", "must_cover": ["king"]}, "/must_cover/0", "unknown"),
        ({"time_zone": "UTC", "a/b": 1}, "/a~1b", "unknown"),
        ({"time_zone": "UTC", "layers": [layer_of("ada"), layer_of("ben")]}, "/layers/1/name", "exists"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_told_with_its_pointer(
    data: object, pointer: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Settings.from_data(data)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [(pointer, code)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        plan_of(layer_of("ada", role="king") | rotation(every=0, unit="x"), layer_of(), zone="Mars")
    assert {error.pointer for error in refused.value.errors} == {
        "/time_zone",
        "/layers/0/role",
        "/layers/0/rotation/unit",
        "/layers/0/rotation/every",
        "/layers/1/rotation/groups",
    }

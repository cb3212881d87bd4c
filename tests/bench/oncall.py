"""Who is on call, and a year's final schedule, beside a floor: one rotation by hand, without anything else.

CPU time of one process. The schedule has 10 layers of all kinds and 50 people; instants lie in five years.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from incidents.oncall.overrides import KINDS, Override
from incidents.oncall.schedule import Version, final_schedule, on_call
from incidents.oncall.settings import Settings
from tests.bench.size import Figure, figure

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
PEOPLE = [f"person {number}" for number in range(50)]
UNITS = ("week", "day", "week", "day", "month", "week", "day", "hour", "day", "week")
WORK = [{"days": ["mon", "tue", "wed", "thu", "fri"], "begins": "09:00", "ends": "17:00"}]
QUESTIONS = 2_000


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    plan, chance = _plan(), random.Random(1)
    exceptions = [_exception(number, chance) for number in range(50)]
    near = exceptions[:3]
    instants = [START + timedelta(minutes=chance.randrange(5 * 365 * 1440)) for _ in range(QUESTIONS)]
    yield figure("on call at an instant, floor: one rotation by hand", _each(_by_hand, instants), 0.5)
    yield figure("on call at an instant, first answer of fresh settings", _first(instants[0]), 60.0)
    yield figure(
        "on call at an instant, 10 layers, 50 people, 5 years",
        _each(lambda at: on_call(plan, near, at), instants),
        0.5,
    )
    versions = [Version(START - YEAR, plan)]
    years = [START + number * YEAR for number in range(5)]
    yield figure(
        "final schedule of a year, 10 layers, 50 exceptions",
        _each(lambda at: final_schedule(versions, exceptions, at, at + YEAR), years),
        50.0,
    )
    yield figure(
        "final schedule of a year, 10 layers, no exceptions",
        _each(lambda at: final_schedule(versions, (), at, at + YEAR), years),
        50.0,
    )


def _plan() -> Settings:
    layers = [_layer(number, unit) for number, unit in enumerate(UNITS)]
    return Settings.from_data({"time_zone": "Europe/Berlin", "layers": layers})


def _layer(number: int, unit: str) -> dict[str, Any]:
    covered = number % 2 == 1
    groups = [[PEOPLE[(number * 5 + turn) % len(PEOPLE)]] for turn in range(5)]
    return {
        "name": f"layer {number}",
        "role": ("primary", "secondary", "expert")[number % 3],
        "priority": number % 4,
        "restrictions": WORK if covered else [],
        "rotation": {
            "start": "2021-01-04T09:00",
            "unit": unit,
            "every": 12 if unit == "hour" else 1,
            "groups": groups,
            "advance": "covered_days" if covered and unit == "day" else "calendar",
        },
    }


def _exception(number: int, chance: random.Random) -> Override:
    start = START + timedelta(hours=chance.randrange(365 * 24))
    kind = KINDS[number % len(KINDS)]
    old, new = chance.sample(PEOPLE, 2)
    return Override(
        number, kind, start, start + timedelta(hours=12), (new,), instead_of=old if kind == "instead" else ""
    )


def _first(instant: datetime) -> float:
    """Return what the first question costs: settings read anew, with everything that is kept of them."""
    return _each(lambda at: on_call(_plan(), (), at), [instant])


def _by_hand(at: datetime) -> str:
    """Return who has a weekly turn, by nothing but subtraction on the wall clock."""
    local = at.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    return PEOPLE[(local - datetime(2021, 1, 4, 9)) // timedelta(days=7) % 5]  # noqa: DTZ001 - of the wall


def _each(act: Callable[[datetime], object], instants: list[datetime]) -> float:
    """Return the CPU time of one call in ms."""
    act(instants[0])
    began = time.process_time()
    for instant in instants:
        act(instant)
    return (time.process_time() - began) * 1_000 / len(instants)

"""What the calendar holds in store for a change before it is submitted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from changes.outlook import Outlook, outlook_of
from opsportal.calendar.almanac import Almanac, FreezeSpan, MaintenanceSpan
from opsportal.calendar.hours import WorkingTime
from opsportal.calendar.places import Place, Scope
from opsportal.calendar.recurrence import Recurrence
from opsportal.standards.language import compile_expression
from opsportal.standards.vocabulary import BOOLEAN, DURATION, Fact
from tests.changing import rule
from tests.gatepack import standard

NOW = datetime(2026, 3, 6, 15, tzinfo=UTC)  # a Friday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HERE = Place("payments-api", "core", "production", "production")
OFFICE = WorkingTime("UTC", frozenset(range(5)), time(9), time(17))
SUNDAYS = Recurrence("FREQ=WEEKLY;BYDAY=SU", date(2026, 1, 4), time(3), "UTC", 120)
MESSAGE = 'message = "Give it more time."'
NOTHING = rule("nothing", "change.close", '{ field = "review" }')


def outlook(
    *rules: str, facts: Any = None, almanac: Almanac | None = None, window: Any = (None, None)
) -> Outlook:
    return outlook_of(
        standard(*(rules or (NOTHING,))),
        {"change.type": "normal", **(facts or {})},
        almanac or Almanac(),
        [HERE],
        window=window,
        submitted_at=None,
        now=NOW,
    )


def lead(fact: str, amount: str, when: str = "") -> str:
    return rule(
        f"r-{fact}-{amount}",
        "change.submit",
        f"{{ require = 'change.{fact} >= {amount}' }}",
        when=when,
        more=MESSAGE,
    )


def test_a_lead_time_that_is_too_short_says_when_the_window_may_start() -> None:
    found = outlook(lead("lead_time", "24h"), facts={"change.lead_time": 20 * HOUR})
    (short,) = found.leads
    assert (short.needed, short.has, short.earliest, short.in_working_time) == (
        DAY,
        20 * HOUR,
        NOW + DAY,
        False,
    )
    assert not outlook(lead("lead_time", "24h"), facts={"change.lead_time": DAY})


def test_a_lead_time_in_working_time_is_counted_over_the_weekend() -> None:
    needs = lead("business_lead_time", "8h")
    (short,) = outlook(needs, almanac=Almanac(working_time=OFFICE)).leads
    assert (short.has, short.earliest) == (None, datetime(2026, 3, 9, 15, tzinfo=UTC))
    (unknown,) = outlook(needs).leads
    assert unknown.earliest is None


def test_a_rule_that_does_not_apply_says_nothing() -> None:
    assert not outlook(lead("lead_time", "24h", when='change.type == "emergency"'))


def test_freezes_over_the_window_are_told_and_others_not() -> None:
    freeze = FreezeSpan("FRZ-1", "Books", NOW + DAY, NOW + 2 * DAY, Scope(environment_kinds=("production",)))
    almanac = Almanac(freezes=(freeze,))
    assert outlook(almanac=almanac, window=(NOW + DAY, NOW + DAY + HOUR)).freezes == (freeze,)
    assert outlook(almanac=almanac, window=(NOW + 2 * DAY, NOW + 3 * DAY)).freezes == ()
    assert outlook(almanac=almanac).freezes == ()


def test_the_next_maintenance_window_is_told_where_one_is_needed() -> None:
    needs = rule("maintained", "change.submit", "{ require = 'change.in_maintenance_window' }", more=MESSAGE)
    windows = (
        MaintenanceSpan("MW-1", "Ours", SUNDAYS, Scope()),
        MaintenanceSpan(
            "MW-2",
            "Theirs",
            Recurrence("FREQ=DAILY", date(2026, 1, 1), time(1), "UTC", 60),
            Scope(services=("other",)),
        ),
    )
    found = outlook(needs, almanac=Almanac(windows=windows)).next_window
    assert found is not None
    assert found.start == datetime(2026, 3, 8, 3, tzinfo=UTC)
    inside = {"change.in_maintenance_window": True}
    assert outlook(needs, facts=inside, almanac=Almanac(windows=windows)).next_window is None
    assert outlook(almanac=Almanac(windows=windows)).next_window is None


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("change.lead_time >= 24h", DAY),
        ("24h <= change.lead_time and change.has_window", DAY),
        ("change.lead_time > 1h and change.lead_time >= 2h", 2 * HOUR),
        ("change.lead_time >= 24h or change.has_window", None),
        ("not change.lead_time >= 24h", None),
        ("change.lead_time <= 24h", None),
        ("change.has_window", None),
    ],
)
def test_the_least_that_a_condition_demands(text: str, least: timedelta | None) -> None:
    facts = {
        "change.lead_time": Fact("change.lead_time", DURATION, "the lead time"),
        "change.has_window": Fact("change.has_window", BOOLEAN, "whether it has a window"),
    }
    assert compile_expression(text, facts, elsewhere=facts).least("change.lead_time") == least

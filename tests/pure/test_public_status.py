"""How a component stands on the status page, and how its last days were."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.public_status import IMPACTS, Said, Spell, acts, days, gravest, spells

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("impacts", "expected"),
    [
        ([], "operational"),
        (["maintenance"], "maintenance"),
        (["maintenance", "degraded"], "degraded"),
        (["major_outage", "degraded", "operational"], "major_outage"),
    ],
)
def test_the_gravest_counts(impacts: list[str], expected: str) -> None:
    assert gravest(impacts) == expected


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        ("incident", "investigating", True),
        ("incident", "monitoring", True),
        ("incident", "resolved", False),
        ("maintenance", "scheduled", False),
        ("maintenance", "in_progress", True),
        ("maintenance", "cancelled", False),
    ],
)
def test_an_announcement_and_what_is_over_say_nothing_of_now(kind: str, state: str, expected: bool) -> None:
    assert acts(kind, state) is expected


def test_a_component_is_down_from_the_word_to_the_word() -> None:
    updates = [
        Said(AT, "investigating", {"shop": "major_outage"}),
        Said(AT + HOUR, "identified", {"shop": "degraded", "search": "degraded"}),
        Said(AT + 2 * HOUR, "resolved", {"shop": "operational"}),
    ]
    now = AT + 9 * HOUR
    assert spells("incident", updates, "shop", now) == [
        Spell(AT, AT + HOUR, "major_outage"),
        Spell(AT + HOUR, AT + 2 * HOUR, "degraded"),
    ]
    assert spells("incident", updates, "search", now) == [Spell(AT + HOUR, AT + 2 * HOUR, "degraded")]
    assert spells("incident", updates[:1], "shop", now) == [Spell(AT, now, "major_outage")]


def test_a_spell_over_midnight_counts_on_both_days_and_overlaps_count_once() -> None:
    late = datetime(2026, 3, 1, 23, tzinfo=UTC)
    given_spells = [
        Spell(late, late + 2 * HOUR, "degraded"),
        Spell(late + HOUR, late + 2 * HOUR, "major_outage"),
    ]
    before, first, second = days(given_spells, today=date(2026, 3, 2), count=3)
    assert (before.worst, before.seconds) == ("operational", {})
    assert (first.worst, first.seconds) == ("degraded", {"degraded": 3600.0})
    assert (second.worst, second.seconds) == ("major_outage", {"major_outage": 3600.0})


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 3000), st.sampled_from(IMPACTS[1:])), max_size=6)
)
def test_no_second_counts_twice_and_none_is_lost(raw: list[tuple[int, int, str]]) -> None:
    minute = timedelta(minutes=1)
    start = datetime(2026, 2, 26, tzinfo=UTC)
    given_spells = [Spell(start + a * minute, start + (a + b) * minute, impact) for a, b, impact in raw]
    covered = {n for a, b, _ in raw for n in range(a, a + b)}
    found = days(given_spells, today=date(2026, 3, 6), count=9)
    assert sum(sum(day.seconds.values()) for day in found) == 60 * len(covered)
    assert all(sum(day.seconds.values()) <= 86_400 for day in found)

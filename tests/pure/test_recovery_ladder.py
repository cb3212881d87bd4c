"""What counts as a restore, and what a test measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from compliance.recovery.ladder import LEVELS, Measured, is_restore, measured, rung, within
from compliance.recovery.procedures import MOST_STEPS, PROCEDURES, are_done, steps_from

T0 = datetime(2026, 11, 21, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_ladder_goes_up() -> None:
    assert [rung(level) for level in LEVELS] == [1, 2, 3, 4, 5, 6]
    assert [is_restore(level) for level in LEVELS] == [False, False, True, True, True, True]
    with pytest.raises(ValueError):
        rung("hoped")


def test_a_checksum_measures_no_recovery_whatever_was_written_down() -> None:
    for level in ("exists", "checksum"):
        found = measured(level, decided_at=T0, usable_at=T0 + MINUTE, data_until=T0 - MINUTE)
        assert found == Measured(None, None)


@pytest.mark.parametrize(
    ("usable", "until", "rto", "rpo"),
    [(30, -10, 30, 10), (30, None, 30, None), (None, -10, None, 10), (0, 5, 0, 0)],
)
def test_recovery_time_and_point(
    usable: int | None, until: int | None, rto: int | None, rpo: int | None
) -> None:
    def moment(minutes: int | None) -> datetime | None:
        return None if minutes is None else T0 + minutes * MINUTE

    def span(minutes: int | None) -> timedelta | None:
        return None if minutes is None else minutes * MINUTE

    found = measured("restored", decided_at=T0, usable_at=moment(usable), data_until=moment(until))
    assert found == Measured(span(rto), span(rpo))
    assert measured("restored", decided_at=None, usable_at=T0, data_until=T0) == Measured(None, None)


def test_within_a_target() -> None:
    assert within(MINUTE, MINUTE) is True
    assert within(2 * MINUTE, MINUTE) is False
    assert within(None, MINUTE) is None
    assert within(MINUTE, None) is None


def test_procedures_have_steps_and_names_of_their_own() -> None:
    assert len({one.slug for one in PROCEDURES}) == len(PROCEDURES)
    assert all(len(set(one.steps)) == len(one.steps) >= 4 for one in PROCEDURES)


def test_steps_that_people_write() -> None:
    assert steps_from(" one \n\n two\n") == ["one", "two"]
    with pytest.raises(ValueError, match="At most"):
        steps_from("x\n" * (MOST_STEPS + 1))
    with pytest.raises(ValueError, match="characters"):
        steps_from("x" * 1_001)
    assert are_done(["done", "done"])
    assert not are_done(["done", "skipped"])
    assert not are_done([])

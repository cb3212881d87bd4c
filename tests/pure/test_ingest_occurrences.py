"""One occurrence begins and ends once, whatever arrives twice, late or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.ingest.arrived import Arrived, Status
from incidents.ingest.occurrences import Known, Meaning, ends_at, meaning

T = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOON, LATER = T + timedelta(minutes=5), T + timedelta(minutes=10)
OPEN, OVER = Known(True, SOON), Known(False, SOON, SOON)


def arrived(
    status: Status, start: datetime | None, end: datetime | None = None, *, keeps: bool = True
) -> Arrived:
    return Arrived("f", status, "t", start, end, keeps_unseen_end=keeps)


@pytest.mark.parametrize(
    ("what", "latest", "expected"),
    [
        (arrived("firing", SOON), None, Meaning.OPEN),
        (arrived("firing", None), None, Meaning.OPEN),
        (arrived("firing", SOON), OPEN, Meaning.REPEAT),
        (arrived("firing", T), OPEN, Meaning.REPEAT),
        (arrived("firing", None), OPEN, Meaning.REPEAT),
        (arrived("firing", LATER), OPEN, Meaning.FOLLOW),
        (arrived("firing", SOON), OVER, Meaning.REPEAT),
        (arrived("firing", LATER), OVER, Meaning.OPEN),
        (arrived("firing", None), OVER, Meaning.OPEN),
        (arrived("resolved", SOON, LATER), OPEN, Meaning.CLOSE),
        (arrived("resolved", SOON), OPEN, Meaning.CLOSE),
        (arrived("resolved", None), OPEN, Meaning.CLOSE),
        (arrived("resolved", LATER), OPEN, Meaning.CLOSE),
        (arrived("resolved", T, T), OPEN, Meaning.REPEAT),
        (arrived("resolved", T), OPEN, Meaning.REPEAT),
        (arrived("resolved", T, LATER), OPEN, Meaning.CLOSE),
        (arrived("resolved", SOON), OVER, Meaning.REPEAT),
        (arrived("resolved", LATER), OVER, Meaning.RECORD),
        (arrived("resolved", SOON), None, Meaning.RECORD),
        (arrived("resolved", None), None, Meaning.DROP),
        (arrived("resolved", None, keeps=False), None, Meaning.DROP),
        (arrived("resolved", None, keeps=False), OVER, Meaning.DROP),
        (arrived("acknowledged", None), None, Meaning.DROP),
        (arrived("acknowledged", None), OVER, Meaning.DROP),
        (arrived("acknowledged", None), OPEN, Meaning.ACKNOWLEDGE),
        (arrived("acknowledged", None), Known(True, SOON, is_acknowledged=True), Meaning.REPEAT),
    ],
)
def test_what_an_arrival_means(what: Arrived, latest: Known | None, expected: Meaning) -> None:
    assert meaning(what, latest) is expected


def test_nothing_ends_before_it_began() -> None:
    assert ends_at(arrived("resolved", T, T), SOON, LATER) == SOON
    assert ends_at(arrived("resolved", T), SOON, LATER) == LATER


def after(latest: Known | None, what: Arrived) -> Known | None:
    match meaning(what, latest):
        case Meaning.OPEN | Meaning.FOLLOW:
            return Known(True, what.starts_at or LATER)
        case Meaning.CLOSE if latest is not None:
            return Known(False, latest.starts_at, ends_at(what, latest.starts_at, LATER))
        case Meaning.RECORD if what.starts_at is not None:
            return Known(False, what.starts_at, ends_at(what, what.starts_at, LATER))
        case _:
            return latest


@given(
    st.lists(st.tuples(st.sampled_from(["firing", "resolved"]), st.integers(0, 3)), min_size=1, max_size=12)
)
def test_a_replay_of_all_that_was_said_changes_nothing(said: list[tuple[Status, int]]) -> None:
    latest: Known | None = None
    ordered = sorted(said, key=lambda one: (one[1], one[0] == "resolved"))
    for status, minute in ordered:
        start = T + timedelta(minutes=minute)
        latest = after(latest, arrived(status, start, start if status == "resolved" else None))
    once = latest
    for status, minute in ordered:
        start = T + timedelta(minutes=minute)
        latest = after(latest, arrived(status, start, start if status == "resolved" else None))
    assert latest == once

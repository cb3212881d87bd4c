"""When something is to be looked at again, and whether an artefact is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.policing.reviews import Artefact, end_of_review, judge_kept

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "every", "day"),
    [
        ("2026-01-31T10:00", "month", "2026-02-28"),
        ("2028-01-31T10:00", "month", "2028-02-29"),
        ("2026-11-30T10:00", "quarter", "2027-02-28"),
        ("2026-08-31T10:00", "half-year", "2027-02-28"),
        ("2028-02-29T10:00", "year", "2029-02-28"),
        ("2026-12-15T10:00", "month", "2027-01-15"),
        ("2026-12-31T10:00", "day", "2027-01-01"),
        ("2026-12-28T10:00", "week", "2027-01-04"),
    ],
)
def test_a_review_is_due_at_the_end_of_its_day(at: str, every: str, day: str) -> None:
    due = end_of_review(datetime.fromisoformat(f"{at}+00:00"), every)
    assert due == datetime.fromisoformat(f"{day}T23:59:59+00:00")


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["day", "week", "month", "quarter", "half-year", "year"]),
)
def test_the_next_review_lies_ahead_and_never_beyond_its_period(at: datetime, every: str) -> None:
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "half-year": 184, "year": 366}[every]
    due = end_of_review(at, every)
    assert at < due <= at + timedelta(days=longest + 1)


def artefact(
    key: str, *, published: bool = True, broken: bool = False, reviewed: datetime | None = NOW
) -> Artefact:
    return Artefact("document", key, f"Document {key}", published, broken, reviewed)


OLD = NOW - timedelta(days=200)


@pytest.mark.parametrize(
    ("artefacts", "review", "status", "words"),
    [
        ([], "year", "no_data", "Nobody has registered"),
        ([artefact("a")], "quarter", "met", "Document a is in place."),
        ([artefact("a", reviewed=OLD)], "quarter", "breached", "its review is overdue"),
        ([artefact("a", reviewed=OLD)], "year", "met", "in place"),
        ([artefact("a", reviewed=None)], "year", "breached", "nobody has reviewed it yet"),
        ([artefact("a", reviewed=None)], "", "met", "in place"),
        ([artefact("a", broken=True)], "", "breached", "does not answer"),
        ([artefact("a", published=False)], "", "breached", "is not published"),
        ([artefact("a", broken=True), artefact("b")], "year", "met", "Document b"),
        ([artefact("a", published=False), artefact("b", reviewed=OLD)], "month", "breached", "Document b"),
    ],
)
def test_one_good_artefact_is_enough_and_none_is_no_data(
    artefacts: list[Artefact], review: str, status: str, words: str
) -> None:
    found = judge_kept(artefacts, wanted="document “API”", review=review, now=NOW)
    assert found.status == status
    assert words in found.because

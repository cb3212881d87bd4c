"""How long records are kept: month ends, leap years, and that nothing ever goes too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.recovery.keeping import (
    Held,
    Keep,
    goes_before,
    kept_until,
    may_go_before,
    objections,
)
from opsportal.standards.standing import Span

TICK = timedelta(microseconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


UNITS = {"h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


def span(text: str) -> Span:
    count = "".join(char for char in text if char.isdigit())
    return Span(int(count), UNITS[text.removeprefix(count)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("recorded", "period", "free"),
    [
        ("2026-01-01T10:00", "30d", "2026-02-01T00:00"),
        ("2026-01-31T00:00", "1mo", "2026-03-01T00:00"),
        ("2028-01-31T23:59:59", "1mo", "2028-03-01T00:00"),
        ("2028-02-29T12:00", "1y", "2029-03-01T00:00"),
        ("2024-02-29T12:00", "4y", "2028-03-01T00:00"),
        ("2026-12-31T12:00", "2mo", "2027-03-01T00:00"),
        ("2026-11-21T12:00", "24h", "2026-11-22T12:00"),
        ("2026-10-31T12:00", "13mo", "2027-12-01T00:00"),
        ("2026-11-02T12:00", "1w", "2026-11-10T00:00"),
    ],
)
def test_until_when_something_is_kept(recorded: str, period: str, free: str) -> None:
    assert kept_until(at(recorded), span(period)) == at(free)


@pytest.mark.parametrize(
    ("now", "period", "before"),
    [
        ("2028-03-01T00:00", "1mo", "2028-02-01T00:00"),
        ("2028-02-29T23:00", "1mo", "2028-01-29T00:00"),
        ("2026-03-30T12:00", "1mo", "2026-03-01T00:00"),
        ("2029-02-28T12:00", "1y", "2028-02-28T00:00"),
        ("2029-03-01T00:00", "1y", "2028-03-01T00:00"),
        ("2026-11-21T12:00", "30d", "2026-10-22T00:00"),
    ],
)
def test_what_may_go(now: str, period: str, before: str) -> None:
    assert goes_before(at(now), span(period)) == at(before)


def _until(at: datetime, kept: Span) -> datetime:
    found = kept_until(at, kept)
    assert found is not None
    return found


moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - the zone is the strategy's own
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
spans = st.builds(Span, st.integers(1, 500), st.sampled_from(["hour", "day", "week", "month", "year"]))


@given(moments, spans)
def test_the_two_agree_to_the_microsecond(now: datetime, kept: Span) -> None:
    before = goes_before(now, kept)
    assert before is not None
    assert _until(before - TICK, kept) <= now
    assert _until(before, kept) > now


@given(moments, moments, spans)
def test_what_is_older_goes_first(one: datetime, other: datetime, kept: Span) -> None:
    early, late = sorted((one, other))
    assert _until(early, kept) <= _until(late, kept)


@given(moments, spans, st.integers(-14, 14))
def test_it_does_not_hang_on_the_zone_that_an_instant_is_written_in(
    now: datetime, kept: Span, offset: int
) -> None:
    elsewhere = now.astimezone(timezone(timedelta(hours=offset)))
    assert goes_before(elsewhere, kept) == goes_before(now, kept)


def test_rules_and_holds_that_stand_against_it() -> None:
    now = at("2026-11-21T12:00")
    keeps = [Keep("a.one", span("1y"), "delete"), Keep("b.seven", span("7y"), "archive")]
    holds = [Held("HLD-1", at("2019-01-01T00:00"), None), Held("HLD-2", at("2020-01-01T00:00"), None)]
    found = objections(before=at("2019-11-21T00:00"), now=now, keeps=keeps, holds=holds)
    assert [(one.code, one.source) for one in found] == [("held", "HLD-1")]
    found = objections(before=at("2019-11-22T00:00"), now=now, keeps=keeps, holds=[])
    assert [(one.code, one.source) for one in found] == [("kept_longer", "b.seven")]
    found = objections(before=now, now=now, keeps=keeps, holds=[Held("HLD-3", None, None)])
    assert [one.source for one in found] == ["a.one", "b.seven", "HLD-3"]


def test_what_is_kept_for_ever_never_goes() -> None:
    ever = Keep("a.ever", Span(0), "keep")
    now = at("2026-11-21T12:00")
    assert kept_until(now, Span(0)) is None
    assert goes_before(now, Span(0)) is None
    found = objections(before=at("2001-01-01T00:00"), now=now, keeps=[ever], holds=[])
    assert [one.detail for one in found] == ["a.ever keeps these records for ever."]


def test_up_to_where_a_purge_may_go() -> None:
    now = at("2026-11-21T12:00")
    year, months = Keep("a", span("1y"), "delete"), Keep("b", span("13mo"), "delete")
    assert may_go_before(now, [year, months], []) == at("2025-10-21T00:00")
    assert may_go_before(now, [year], [Held("HLD-1", at("2020-05-05T00:00"), None)]) == at("2020-05-05T00:00")
    assert may_go_before(now, [year], [Held("HLD-1", None, None)]) is None
    assert may_go_before(now, [], []) is None
    assert may_go_before(now, [year, Keep("c", Span(0), "keep")], []) is None

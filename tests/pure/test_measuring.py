"""Units, windows, statistics and targets: tables, and what always holds."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.measuring.judging import Bounds, Direction, Grade, grade, is_stale, status
from compliance.measuring.ranges import limits_of
from compliance.measuring.statistics import (
    STATISTICS,
    bin_of,
    percentile,
    statistic_of,
    tally_of,
    value_of,
)
from compliance.measuring.units import UNITS, UnitError, convert, decimal_of, factor_between, text_of
from compliance.measuring.windows import (
    Span,
    WindowError,
    month_span,
    span_at,
    span_before,
    usual_length,
    window_of,
)

MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
VALUES = st.floats(-1e12, 1e12, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-6)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("value", "given_in", "wanted", "found"),
    [
        ("1500", "ms", "s", "1.5"),
        ("2", "s", "ms", "2000"),
        ("0.999", "share", "percent", "99.9"),
        ("99.9", "percent", "share", "0.999"),
        ("5", "permille", "percent", "0.5"),
        ("1", "GiB", "MiB", "1024"),
        ("1", "GB", "MB", "1000"),
        ("100", "per_second", "per_minute", "6000"),
        ("90", "min", "h", "1.5"),
        ("1500", "millicores", "cores", "1.5"),
        ("43.2", "min", "s", "2592"),
    ],
)
def test_a_value_is_converted_within_its_dimension(
    value: str, given_in: str, wanted: str, found: str
) -> None:
    assert convert(Decimal(value), given_in, wanted) == Decimal(found)


@pytest.mark.parametrize(
    ("given_in", "wanted", "code"),
    [
        ("ms", "percent", "unit_mismatch"),
        ("USD", "EUR", "unit_mismatch"),
        ("count", "share", "unit_mismatch"),
        ("per_second", "s", "unit_mismatch"),
        ("fortnights", "s", "unknown_unit"),
    ],
)
def test_a_unit_of_another_dimension_is_refused(given_in: str, wanted: str, code: str) -> None:
    with pytest.raises(UnitError) as refused:
        factor_between(given_in, wanted)
    assert refused.value.code == code


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.decimals(-(10**9), 10**9, places=3))
def test_there_and_back_is_the_same_value(one: str, other: str, value: Decimal) -> None:
    if UNITS[one].dimension == UNITS[other].dimension:
        back = convert(convert(value, one, other), other, one)
        assert abs(back - value) <= abs(value) * Decimal("1e-25")


def test_values_read_as_people_write_them() -> None:
    assert text_of(decimal_of(99.95), "percent") == "99.95 %"
    assert text_of(decimal_of(0.1)) == "0.1"
    assert text_of(Decimal("99.9996"), "percent") == "99.9996 %"
    assert text_of(Decimal("1000000"), "per_second") == "1000000 /s"
    assert text_of(None) == "–"


@pytest.mark.parametrize(
    ("text", "now", "start", "until"),
    [
        ("30d", at(2026, 3, 31, 12), at(2026, 3, 1, 12), at(2026, 3, 31, 12)),
        ("30.42d", at(2026, 3, 31), at(2026, 2, 28, 13, 55, 12), at(2026, 3, 31)),
        ("month", at(2026, 3, 31, 12), at(2026, 3, 1), at(2026, 4, 1)),
        ("month", at(2024, 2, 29, 23), at(2024, 2, 1), at(2024, 3, 1)),
        ("month", at(2026, 12, 31, 23, 59), at(2026, 12, 1), at(2027, 1, 1)),
        ("quarter", at(2026, 11, 21), at(2026, 10, 1), at(2027, 1, 1)),
        ("year", at(2024, 12, 31), at(2024, 1, 1), at(2025, 1, 1)),
        ("week", at(2026, 11, 21), at(2026, 11, 16), at(2026, 11, 23)),
        ("day", at(2026, 11, 21, 5), at(2026, 11, 21), at(2026, 11, 22)),
        # Clocks change in Europe that night; a day of UTC stays 24 hours.
        ("24h", at(2026, 3, 29, 12), at(2026, 3, 28, 12), at(2026, 3, 29, 12)),
    ],
)
def test_a_window_follows_its_convention(text: str, now: datetime, start: datetime, until: datetime) -> None:
    assert span_at(window_of(text), now) == Span(start, now, until)


def test_the_two_conventions_of_a_month_allow_what_the_documents_say() -> None:
    share = Decimal("0.001")
    minutes = {
        text: round(usual_length(window_of(text)).total_seconds() * float(share) / 60, 1)
        for text in ("30d", "30.42d", "month")
    }
    assert minutes == {"30d": 43.2, "30.42d": 43.8, "month": 43.8}


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "0d", "1000000d", "2000d", "month ly", "30.42.1d"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(WindowError):
        window_of(text)


@given(st.sampled_from(["day", "week", "month", "quarter", "year", "30d", "12h"]), MOMENTS)
def test_windows_follow_on_each_other_without_a_gap(text: str, now: datetime) -> None:
    window = window_of(text)
    span = span_at(window, now)
    before = span_before(window, span)
    assert span.start <= span.end <= span.until or span.end == now
    assert before.end == span.start
    assert before.start < before.end
    if window.calendar:
        assert span_at(window, before.start).start == before.start
        assert span_at(window, span.start - timedelta(microseconds=1)).start == before.start


@given(st.integers(2001, 2099), st.integers(1, 12))
def test_months_of_a_year_fill_it(year: int, month: int) -> None:
    assert 28 <= month_span(year, month).length.days <= 31
    whole = sum((month_span(year, one).length for one in range(1, 13)), timedelta())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    assert whole == timedelta(days=366 if leap else 365)


@given(st.lists(VALUES, min_size=1, max_size=60), st.integers(0, 59))
def test_parts_put_together_are_the_whole(values: list[float], cut: int) -> None:
    points = [(at(2026, 1, 1) + timedelta(minutes=number), value) for number, value in enumerate(values)]
    whole = tally_of(points)
    joined = tally_of(points[:cut])
    joined.merge(tally_of(points[cut:]))
    assert (joined.count, joined.least, joined.most, joined.last) == (
        whole.count,
        whole.least,
        whole.most,
        whole.last,
    )
    assert joined.sketch == whole.sketch
    assert joined.total == pytest.approx(whole.total, rel=1e-9, abs=1e-3)


@given(st.lists(VALUES, min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_of_the_sketch_is_within_one_percent(values: list[float], rank: float) -> None:
    exact = percentile(values, rank)
    found = statistic_of(tally_of((at(2026, 1, 1), value) for value in values), f"p{rank * 100:.0f}")
    assert found is not None
    assert math.isclose(found, exact, rel_tol=0.0101, abs_tol=1e-9)


@given(VALUES)
def test_a_bin_holds_its_value(value: float) -> None:
    assert math.isclose(value_of(bin_of(value)), value, rel_tol=0.0101, abs_tol=1e-9)


@given(st.lists(VALUES, min_size=1, max_size=50))
def test_every_statistic_but_the_sum_lies_among_the_points(values: list[float]) -> None:
    tally = tally_of((at(2026, 1, 1), value) for value in values)
    for name in STATISTICS:
        found = statistic_of(tally, name, values)
        assert found is not None
        if name != "sum":
            assert min(values) <= found <= max(values)


@pytest.mark.parametrize(
    ("unit", "within", "value", "held"),
    [
        ("percent", "by_unit", 0.0, 0.0),
        ("percent", "by_unit", 100.0, 100.0),
        ("percent", "by_unit", 100.00000000000001, 100.0),
        ("percent", "by_unit", -1e-17, 0.0),
        ("percent", "by_unit", 100.1, None),
        ("percent", "by_unit", -5.0, None),
        ("share", "by_unit", 1.0, 1.0),
        ("share", "by_unit", 1.5, None),
        ("permille", "by_unit", 999.0, 999.0),
        ("ppm", "by_unit", 1_500_000.0, None),
        ("ms", "by_unit", 1_500_000.0, 1_500_000.0),
        ("ms", "by_unit", -5.0, None),
        ("count", "by_unit", -1.0, None),
        ("USD", "by_unit", -1.0, None),
        ("celsius", "by_unit", -5.0, -5.0),
        ("celsius", "from_zero", -5.0, None),
        ("percent", "from_zero", 300.0, 300.0),
        ("percent", "from_zero", -5.0, None),
        ("percent", "any", -20.0, -20.0),
    ],
)
def test_a_figure_has_the_values_that_its_unit_can_have(
    unit: str, within: str, value: float, held: float | None
) -> None:
    limits = limits_of(unit, within)
    assert limits.held(value) == held
    if held is None:
        assert limits.words


def test_nothing_has_no_statistic() -> None:
    assert statistic_of(tally_of([]), "mean") is None
    with pytest.raises(ValueError, match="no such statistic"):
        statistic_of(tally_of([(at(2026, 1, 1), 1.0)]), "median")


RESPONSE = Bounds("below", Decimal(2), Decimal(3), Decimal(5))
THROUGHPUT = Bounds("at_least", Decimal(100), Decimal(50), Decimal(10))


@pytest.mark.parametrize(
    ("bounds", "value", "found"),
    [
        (RESPONSE, "1.9", "met"),
        (RESPONSE, "2", "acceptable"),
        (RESPONSE, "2.9", "acceptable"),
        (RESPONSE, "3", "breached"),
        (RESPONSE, "5", "critical"),
        (THROUGHPUT, "100", "met"),
        (THROUGHPUT, "50", "acceptable"),
        (THROUGHPUT, "49", "breached"),
        (THROUGHPUT, "10", "critical"),
        (Bounds("at_least", Decimal("99.9")), "99.9", "met"),
        (Bounds("at_least", Decimal("99.9")), "99.89999", "breached"),
        (Bounds("above", Decimal("99.9")), "99.9", "breached"),
        (Bounds("at_most", Decimal(5)), "5", "met"),
    ],
)
def test_a_value_gets_its_grade(bounds: Bounds, value: str, found: Grade) -> None:
    assert grade(Decimal(value), bounds) == found


@given(
    st.sampled_from(["at_least", "at_most", "above", "below"]),
    st.decimals(-1000, 1000, places=2),
    st.decimals(0, 100, places=2),
    st.decimals(0, 100, places=2),
)
def test_a_better_value_never_gets_a_worse_grade(
    direction: Direction, target: Decimal, slack: Decimal, more: Decimal
) -> None:
    sign = -1 if direction in {"at_least", "above"} else 1
    bounds = Bounds(direction, target, target + sign * slack, target + sign * (slack + more + 1))
    order = ["met", "acceptable", "breached", "critical"]
    grades = [grade(target + sign * Decimal(step), bounds) for step in range(-5, 210, 5)]
    ranks = [order.index(one) for one in grades]
    assert ranks == sorted(ranks)


def test_without_data_nothing_is_met() -> None:
    assert grade(None, RESPONSE) == "no_data"
    assert status("no_data") == "no_data"
    assert status("acceptable") == "met"
    assert status("critical") == "breached"


def test_what_was_measured_long_ago_proves_nothing() -> None:
    span = span_at(window_of("30d"), at(2026, 11, 21))
    assert not is_stale(at(2026, 11, 14), span, "mean")
    assert is_stale(at(2026, 11, 13), span, "mean")
    assert not is_stale(at(2026, 10, 23), span, "sum")
    assert not is_stale(at(2026, 11, 20, 23, 56), span_at(window_of("5m"), at(2026, 11, 21)), "max")

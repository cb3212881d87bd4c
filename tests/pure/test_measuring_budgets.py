"""Error budgets, burn rates, costs, capacity, MTBF: the figures of the documents, and what always holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.measuring.budget import (
    BURN_ALERTS,
    budget_of,
    burn_rate,
    downtime_allowed,
    has_budget,
    scaled,
    seconds,
)
from compliance.measuring.capacity import points_problem, projected_at, reached_at, trend_of
from compliance.measuring.costs import CostLimits, Level, level_of, projected
from compliance.measuring.reliability import Failure, reliability_of
from compliance.measuring.windows import month_span, usual_length, window_of

MONTH = timedelta(days=30)
SHARES = st.decimals(0, 1, places=6)
OBJECTIVES = st.decimals(0, "0.999999", places=6)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("objective", "window", "minutes"),
    [
        ("0.9995", "30d", "21.6"),
        ("0.9995", "365d", "262.8"),
        ("0.999", "30d", "43.2"),
        ("0.999", "365d", "525.6"),
        ("0.995", "30d", "216"),
        ("0.99999", "30d", "0.432"),
        ("0.999", "30.42d", "43.8048"),
        ("0.995", "30.42d", "219.024"),
        ("0.95", "30.42d", "2190.24"),
    ],
)
def test_downtime_that_an_objective_allows(objective: str, window: str, minutes: str) -> None:
    allowed = downtime_allowed(Decimal(objective), usual_length(window_of(window)))
    assert seconds(allowed) / 60 == Decimal(minutes)


def test_burn_rates_of_thirty_days_are_those_of_the_workbook() -> None:
    assert [alert.rate(MONTH) for alert in BURN_ALERTS] == [Decimal("14.4"), Decimal(6), Decimal(1)]
    # The short window is a twelfth of the long one.
    assert all(alert.long == 12 * alert.short for alert in BURN_ALERTS)


def test_a_budget_in_the_middle_of_its_window() -> None:
    budget = budget_of(
        objective=Decimal("0.999"), good=Decimal("0.9995"), window=MONTH, measured=timedelta(days=15)
    )
    assert budget.burn_rate == Decimal("0.5")
    assert budget.spent == Decimal("0.25")
    assert budget.left_time == timedelta(minutes=43.2) * 0.75


def test_of_one_hundred_percent_there_is_no_budget() -> None:
    assert not has_budget(Decimal(1))
    with pytest.raises(ValueError, match="no budget"):
        burn_rate(Decimal("0.99"), Decimal(1))


def test_what_nobody_measured_is_not_known() -> None:
    budget = budget_of(objective=Decimal("0.99"), good=None, window=MONTH, measured=timedelta())
    assert (budget.spent, budget.left, budget.left_time) == (None, None, None)


@given(OBJECTIVES, SHARES, st.integers(1, 30))
def test_no_gap_ever_earns_a_budget_back(objective: Decimal, good: Decimal, days: int) -> None:
    """A gap in the data spends nothing; more of the same data never spends less."""
    part = budget_of(objective=objective, good=good, window=MONTH, measured=timedelta(days=days))
    whole = budget_of(objective=objective, good=good, window=MONTH, measured=MONTH)
    assert part.spent is not None
    assert whole.spent is not None
    assert 0 <= part.spent <= whole.spent
    assert whole.spent == whole.burn_rate


@given(OBJECTIVES, SHARES, st.sampled_from(["30d", "30.42d", "month", "year", "7d"]))
def test_bad_time_and_what_is_left_make_up_what_is_allowed(
    objective: Decimal, good: Decimal, text: str
) -> None:
    window = usual_length(window_of(text))
    budget = budget_of(objective=objective, good=good, window=window, measured=window)
    assert budget.left_time is not None
    bad = scaled(window, 1 - good)
    assert abs((budget.left_time + bad) - budget.allowed) <= timedelta(milliseconds=1)


@given(st.integers(2001, 2099), st.integers(1, 12), OBJECTIVES)
def test_a_calendar_month_allows_in_proportion_to_its_days(year: int, month: int, objective: Decimal) -> None:
    span = month_span(year, month)
    allowed = downtime_allowed(objective, span.length)
    assert abs(allowed - downtime_allowed(objective, timedelta(days=1)) * span.length.days) < timedelta(
        milliseconds=1
    )


LIMITS = CostLimits(Decimal(500), Decimal(400), Decimal(450))


@pytest.mark.parametrize(
    ("spent", "level"),
    [
        (None, "no_data"),
        ("0", "fine"),
        ("399.99", "fine"),
        ("400", "alert"),
        ("450", "critical"),
        ("500", "critical"),
        ("500.01", "over"),
    ],
)
def test_a_cost_reaches_its_levels(spent: str | None, level: Level) -> None:
    assert level_of(Decimal(spent) if spent else None, LIMITS) == level


def test_limits_must_rise() -> None:
    assert not LIMITS.problem()
    assert CostLimits(Decimal(500), Decimal(460), Decimal(450)).problem()
    assert CostLimits(Decimal(500), Decimal(0), Decimal(450)).problem()
    assert CostLimits(Decimal(400), Decimal(400), Decimal(450)).problem()


def test_a_month_that_goes_on_like_this() -> None:
    month = month_span(2026, 11)
    assert projected(Decimal(100), month, at(2026, 11, 11)) == Decimal(300)
    assert projected(Decimal(100), month, None) is None
    assert projected(Decimal(100), month, at(2026, 11, 1)) is None


USERS = {1: Decimal(10), 3: Decimal(50), 6: Decimal(200), 12: Decimal(1000)}


@pytest.mark.parametrize(
    ("moment", "value"),
    [
        (at(2026, 1, 1), "10"),
        (at(2026, 2, 1), "10"),
        (at(2026, 4, 1), "50"),
        (at(2026, 7, 1), "200"),
        (at(2027, 1, 1), "1000"),
    ],
)
def test_a_projection_goes_through_its_months(moment: datetime, value: str) -> None:
    assert projected_at(at(2026, 1, 1), USERS, moment) == Decimal(value)


def test_nobody_projected_what_lies_outside() -> None:
    assert projected_at(at(2026, 1, 1), USERS, at(2025, 12, 31)) is None
    assert projected_at(at(2026, 1, 1), USERS, at(2027, 1, 2)) is None
    assert points_problem({})
    assert points_problem({0: Decimal(1)})
    assert points_problem({1: Decimal(-1)})
    assert not points_problem(USERS)


@given(st.integers(1, 364))
def test_a_rising_projection_never_falls(day: int) -> None:
    start = at(2026, 1, 1)
    earlier = projected_at(start, USERS, start + timedelta(days=day - 1))
    later = projected_at(start, USERS, start + timedelta(days=day))
    assert earlier is not None
    assert later is not None
    assert earlier <= later


def test_a_line_reaches_its_limit() -> None:
    line = trend_of([(at(2026, 1, 1) + timedelta(days=day), 10.0 + day) for day in range(10)])
    assert line is not None
    assert line.per_day == pytest.approx(1)
    found = reached_at(line, 29)
    assert found is not None
    assert found.date() == date(2026, 1, 20)
    assert reached_at(line, 5) == line.at
    assert trend_of([(at(2026, 1, 1), 1.0)]) is None


def test_failures_that_overlap_are_one_trouble() -> None:
    start, end = at(2026, 1, 1), at(2026, 1, 31)
    failures = [
        Failure(at(2026, 1, 10), at(2026, 1, 10, 2)),
        Failure(at(2026, 1, 10, 1), at(2026, 1, 10, 3)),
        Failure(at(2026, 1, 20), at(2026, 1, 20, 1)),
        Failure(at(2025, 12, 1), at(2025, 12, 2)),
    ]
    found = reliability_of(failures, start, end)
    assert (found.failures, found.trouble) == (2, timedelta(hours=4))
    assert found.between == (end - start - timedelta(hours=4)) / 2
    assert found.to_repair == timedelta(hours=2)


def test_without_a_failure_there_is_no_mean() -> None:
    found = reliability_of([], at(2026, 1, 1), at(2026, 2, 1))
    assert (found.failures, found.between, found.to_repair) == (0, None, None)


@given(
    st.lists(
        st.tuples(st.integers(-50, 800), st.one_of(st.none(), st.integers(0, 100))), min_size=0, max_size=20
    )
)
def test_time_of_trouble_fits_into_the_time(spans: list[tuple[int, int | None]]) -> None:
    start, end = at(2026, 1, 1), at(2026, 1, 31)
    failures = [
        Failure(
            start + timedelta(hours=begin),
            None if length is None else start + timedelta(hours=begin + length),
        )
        for begin, length in spans
    ]
    found = reliability_of(failures, start, end)
    assert timedelta() <= found.trouble <= end - start
    if found.between is not None and found.to_repair is not None:
        assert abs((found.between + found.to_repair) * found.failures - (end - start)) < timedelta(seconds=1)

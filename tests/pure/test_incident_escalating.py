"""Whom silence tells next and when, as tables and as properties."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.escalating import (
    ADMINISTRATORS,
    TO_RETRY,
    TOLERATED_LAG,
    Cursor,
    Plan,
    Step,
    Target,
    Walk,
    after_lapse,
    beginning_with,
    due_by_a_clock_gone_back,
    held_until,
    lapses_at,
    next_due,
    replanned,
    still_to_acknowledge,
    walk,
)
from opsportal.calendar.hours import WorkingTime

T0 = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # a Friday
MINUTE = timedelta(minutes=1)
ON_CALL, LEAD, MANAGER, CTO = (
    Target("on_call", "", "primary"),
    Target("role", "team-lead"),
    Target("role", "engineering-manager"),
    Target("role", "cto"),
)
MATRIX = Plan(
    (Step(timedelta(), (ON_CALL,)), Step(15 * MINUTE, (LEAD,)), Step(15 * MINUTE, (MANAGER,))),
    pause=20 * MINUTE,
)
WEEK = WorkingTime("UTC", frozenset(range(5)), time(9), time(17))


def everybody(_: int) -> bool:
    return True


def nobody(_: int) -> bool:
    return False


def only(*steps: int) -> Callable[[int], bool]:
    return lambda step: step in steps


@pytest.mark.parametrize(
    ("cursor", "reaches", "expected"),
    [
        (Cursor(), everybody, Walk((), 0, Cursor(1, 0, reached=True), 15 * MINUTE)),
        (Cursor(2, 0, reached=True), everybody, Walk((), 2, Cursor(3, 0, reached=True), 20 * MINUTE)),
        (Cursor(3, 0, reached=True), everybody, Walk((), 3, Cursor(3, 0, reached=True), None)),
        # an empty step is passed at once, and the next one waits from then
        (Cursor(), only(1, 2, 3), Walk((0,), 1, Cursor(2, 0, reached=True), 15 * MINUTE)),
        (Cursor(), only(2), Walk((0, 1), 2, Cursor(3, 0, reached=True), 20 * MINUTE)),
        # all are empty: the fallback, at once
        (Cursor(), only(3), Walk((0, 1, 2), 3, Cursor(3, 0), None)),
        # not even that: it is tried again
        (Cursor(), nobody, Walk((0, 1, 2, 3), None, Cursor(3, 0), TO_RETRY)),
        (Cursor(3, 0), nobody, Walk((3,), None, Cursor(3, 0), TO_RETRY)),
    ],
)
def test_one_move(cursor: Cursor, reaches: Callable[[int], bool], expected: Walk) -> None:
    assert walk(MATRIX, cursor, reaches) == expected


def test_a_round_is_repeated_after_its_pause_and_the_fallback_comes_last() -> None:
    plan = Plan((Step(timedelta(), (ON_CALL,)), Step(5 * MINUTE, (LEAD,))), repeat=1, pause=10 * MINUTE)
    assert journey(plan, everybody) == [
        (0, timedelta()),
        (1, 5 * MINUTE),
        (0, 15 * MINUTE),
        (1, 20 * MINUTE),
        (2, 30 * MINUTE),
    ]
    assert [plan.offset(step) for step in (0, 1, 2)] == [timedelta(), 5 * MINUTE, 30 * MINUTE]


def test_an_empty_end_of_a_round_leads_into_the_next_one_at_once() -> None:
    plan = Plan((Step(timedelta(), (ON_CALL,)), Step(5 * MINUTE, (LEAD,))), repeat=1, pause=10 * MINUTE)
    assert journey(plan, only(0, 2)) == [(0, timedelta()), (0, 5 * MINUTE), (2, 10 * MINUTE)]


def test_behind_every_fallback_stand_the_administrators() -> None:
    plan = Plan((Step(timedelta(), (ON_CALL,)),), fallback=(CTO,))
    assert plan.targets_of(1) == (CTO, ADMINISTRATORS)
    assert MATRIX.targets_of(3) == (ADMINISTRATORS,)


@pytest.mark.parametrize(
    ("late", "after"),
    [
        (timedelta(), 15 * MINUTE),
        (10 * timedelta(seconds=1), 15 * MINUTE),
        (TOLERATED_LAG, 15 * MINUTE),
        (TOLERATED_LAG + MINUTE, 21 * MINUTE),
        (timedelta(days=1), timedelta(days=1) + 15 * MINUTE),
        # a person has it escalated ahead of its time
        (-7 * MINUTE, 8 * MINUTE),
    ],
)
def test_small_delays_do_not_add_up_and_after_large_ones_the_wait_is_whole(
    late: timedelta, after: timedelta
) -> None:
    assert next_due(due_at=T0, now=T0 + late, wait=15 * MINUTE) == T0 + after


def test_short_waits_that_were_slept_through_are_made_good_and_never_lie_in_the_past() -> None:
    assert next_due(due_at=T0, now=T0 + 4 * MINUTE, wait=MINUTE) == T0 + 4 * MINUTE


def test_a_clock_that_went_back_leaves_what_was_left_of_the_wait() -> None:
    due = T0 + 15 * MINUTE
    assert due_by_a_clock_gone_back(planned_at=T0, due_at=due, now=T0 - 30 * timedelta(seconds=1)) is None
    back = T0 - timedelta(days=1)
    assert due_by_a_clock_gone_back(planned_at=T0, due_at=due, now=back) == back + 15 * MINUTE
    assert due_by_a_clock_gone_back(planned_at=due, due_at=T0, now=back) == back


@pytest.mark.parametrize(
    ("severity", "hold", "at", "until"),
    [
        ("sev3", True, T0, None),
        ("sev3", True, T0 + timedelta(hours=1), datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("sev3", True, T0 + timedelta(days=1), datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        ("sev3", True, datetime(2026, 11, 23, 9, 0, tzinfo=UTC), None),
        ("sev1", True, T0 + timedelta(days=1), None),
        ("sev3", False, T0 + timedelta(days=1), None),
    ],
)
def test_low_urgency_is_held_to_working_hours(
    severity: str, hold: bool, at: datetime, until: datetime | None
) -> None:
    plan = Plan(MATRIX.steps, hold_low=hold)
    assert held_until(plan, severity, at, WEEK) == until  # type: ignore[arg-type]


def test_nothing_is_held_where_nobody_works_ever_or_said_when() -> None:
    never = WorkingTime("UTC", frozenset(), time(9), time(17))
    plan = Plan(MATRIX.steps, hold_low=True)
    assert held_until(plan, "sev4", T0, never) is None
    assert held_until(plan, "sev4", T0, None) is None


def test_an_acknowledgement_lapses_by_severity_or_holds() -> None:
    assert lapses_at(MATRIX, "sev1", T0) == T0 + 30 * MINUTE
    assert lapses_at(Plan(MATRIX.steps, lapses={}), "sev1", T0) is None


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, Cursor()),
        (1, Cursor(1, 2, reached=True)),
        (3, Cursor(3, 2, reached=True)),
        (9, Cursor(3, 2, reached=True)),
    ],
)
def test_a_lapse_pages_again_from_the_step_that_it_was_at(last: int | None, expected: Cursor) -> None:
    assert after_lapse(MATRIX, last_step=last, last_round=2 if last is not None else 0) == expected


@pytest.mark.parametrize(
    ("everyone", "by", "missing"),
    [
        ((), (), None),
        ((), ("ann",), set()),
        (("ann", "bob"), ("ann",), {"bob"}),
        (("ann",), ("ann", "eve"), set()),
    ],
)
def test_who_has_still_to_acknowledge(
    everyone: tuple[str, ...], by: tuple[str, ...], missing: set[str] | None
) -> None:
    assert still_to_acknowledge(everyone, by) == missing


@pytest.mark.parametrize(
    ("taken", "after", "expected"),
    [
        # the on-call person knows; the CTO's time has passed
        ((0,), 20 * MINUTE, (Cursor(1, 0, reached=True), 20 * MINUTE)),
        ((0,), 5 * MINUTE, (Cursor(1, 0, reached=True), 10 * MINUTE)),
        ((), 5 * MINUTE, (Cursor(0, 0), 5 * MINUTE)),
    ],
)
def test_under_another_plan_whoever_has_been_told_is_passed(
    taken: tuple[int, ...], after: timedelta, expected: tuple[Cursor, timedelta]
) -> None:
    graver = Plan((Step(timedelta(), (ON_CALL,)), Step(10 * MINUTE, (CTO,))))
    cursor, due = replanned(MATRIX, taken, graver, opened_at=T0, now=T0 + after)
    assert (cursor, due - T0) == expected


def test_under_another_plan_that_tells_nobody_new_its_end_is_due() -> None:
    shorter = Plan((Step(timedelta(), (ON_CALL,)),), pause=30 * MINUTE)
    assert replanned(MATRIX, (0,), shorter, opened_at=T0, now=T0) == (
        Cursor(1, 0, reached=True),
        T0 + 30 * MINUTE,
    )
    repeated = Plan((Step(timedelta(), (ON_CALL,)),), pause=30 * MINUTE, repeat=1)
    assert replanned(MATRIX, (0,), repeated, opened_at=T0, now=T0) == (Cursor(0, 1), T0 + 30 * MINUTE)


# --- properties ------------------------------------------------------------------------------------------

WAITS = st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds))
PLANS = st.builds(
    lambda waits, repeat, pause: Plan(
        tuple(Step(wait, (Target("role", f"r{n}"),)) for n, wait in enumerate(waits)),
        repeat=repeat,
        pause=pause,
    ),
    st.lists(WAITS, min_size=1, max_size=6),
    st.integers(0, 3),
    WAITS,
)


def journey(plan: Plan, reaches: Callable[[int], bool], most: int = 200) -> list[tuple[int, timedelta]]:
    """Return the steps that are taken where nobody ever answers, each with its time since the opening."""
    cursor, due, told = Cursor(), T0 + plan.offset(0), list[tuple[int, timedelta]]()
    for _ in range(most):
        move = walk(plan, cursor, reaches)
        if move.taken is not None:
            told.append((move.taken, due - T0))
        if move.wait is None:
            return told
        cursor, due = move.cursor, next_due(due_at=due, now=due, wait=move.wait)
    raise AssertionError("it does not end")


@given(PLANS, st.sets(st.integers(0, 5)))
def test_it_ends_with_the_fallback_and_tells_every_step_that_reaches_somebody(
    plan: Plan, empty: set[int]
) -> None:
    told = journey(plan, lambda step: step == len(plan.steps) or step not in empty)
    filled = [step for step in range(len(plan.steps)) if step not in empty]
    rounds = plan.repeat + 1 if filled else 0
    assert [step for step, _ in told] == [*filled * rounds, len(plan.steps)]
    times = [at for _, at in told]
    assert times == sorted(times)


@given(PLANS, st.sets(st.integers(0, 5)))
def test_an_empty_step_makes_nobody_wait_longer(plan: Plan, empty: set[int]) -> None:
    whole = journey(plan, everybody)
    told = journey(plan, lambda step: step == len(plan.steps) or step not in empty)
    for step in range(len(plan.steps) + 1):
        of_step = [[at for one, at in line if one == step] for line in (told, whole)]
        assert all(early <= planned for early, planned in zip(*of_step, strict=False))


@given(PLANS, st.data())
def test_it_never_stands_still_and_never_goes_back(plan: Plan, data: st.DataObject) -> None:
    """Whoever comes and goes: each move takes a step, ends, or has a time at which it is tried again."""
    cursor = Cursor()
    for _ in range(60):
        present = data.draw(st.sets(st.integers(0, len(plan.steps))))
        move = walk(plan, cursor, lambda step, present=present: step in present)  # type: ignore[misc]
        assert (move.cursor.round, move.cursor.step) >= (cursor.round, cursor.step)
        assert move.cursor.round <= plan.repeat
        if move.wait is None:
            assert move.taken == len(plan.steps)
            return
        if move.taken is None:
            assert move.cursor.step == len(plan.steps)
        cursor = move.cursor


@given(
    PLANS,
    st.lists(st.timedeltas(-timedelta(days=2), timedelta(days=2)), max_size=20),
    st.sampled_from([MINUTE, 3 * MINUTE]),
)
def test_a_jumping_clock_neither_drops_a_step_nor_makes_a_storm(
    plan: Plan, jumps: list[timedelta], beat: timedelta
) -> None:
    """A tick at every `beat` of true time, under a clock that jumps: one step at most at each, in order, and
    the whole journey is over in its own time and an hour and a bit for each jump."""
    cursor, planned, due = Cursor(), T0, T0 + plan.offset(0)
    shift, told = timedelta(), list[int]()
    allowed = plan.offset(len(plan.steps)) + (len(jumps) + 1) * (TOLERATED_LAG + timedelta(hours=1))
    ticks = int(allowed / beat) + 2 * (len(plan.steps) + 1) * (plan.repeat + 1)
    every = max(ticks // (len(jumps) + 1), 1)
    remaining = list(jumps)
    for number in range(ticks + 1):
        if remaining and number % every == every - 1:
            shift += remaining.pop()
        now = T0 + number * beat + shift
        if (mended := due_by_a_clock_gone_back(planned_at=planned, due_at=due, now=now)) is not None:
            planned, due = now, mended
        if due > now:
            continue
        move = walk(plan, cursor, everybody)
        assert move.taken is not None
        told.append(move.taken)
        if move.wait is None:
            break
        cursor, planned, due = move.cursor, now, next_due(due_at=due, now=now, wait=move.wait)
        assert due >= now
    expected = [*range(len(plan.steps))] * (plan.repeat + 1) + [len(plan.steps)]
    assert told == expected


def test_who_comes_first_shares_a_first_step_that_waits_for_nothing_or_stands_ahead_of_it() -> None:
    shared = beginning_with(MATRIX, (CTO, ON_CALL))
    assert shared.steps == (Step(timedelta(), (CTO, ON_CALL)), *MATRIX.steps[1:])
    assert shared.pause == MATRIX.pause
    for first in (Step(5 * MINUTE, (ON_CALL,)), Step(timedelta(), (ON_CALL,), everyone_acknowledges=True)):
        assert beginning_with(Plan((first,)), (CTO,)).steps == (Step(timedelta(), (CTO,)), first)
    assert beginning_with(MATRIX, ()) == MATRIX

"""What happens to an obligation and when, as tables and as properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.obligations.plan import Step, StepKind, as_data, from_data, plan, take
from opsportal.standards.standing import Climb

OPENED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = OPENED + timedelta(hours=48)
HOUR = timedelta(hours=1)
STEPS = plan(
    opened_at=OPENED,
    due_at=DUE,
    remind=[24 * HOUR, 4 * HOUR],
    climb=[Climb(timedelta(0), "team-lead"), Climb(24 * HOUR, "cto")],
)


def told(steps: tuple[Step, ...], done: int, now: datetime) -> list[str]:
    return [step.role or step.kind.value for _, step in take(steps, done=done, now=now).fire]


def test_steps_are_in_order_of_time_and_the_breach_comes_ahead_of_its_climb() -> None:
    assert [(step.kind.value, step.at, step.role) for step in STEPS] == [
        ("remind", DUE - 24 * HOUR, ""),
        ("remind", DUE - 4 * HOUR, ""),
        ("breach", DUE, ""),
        ("climb", DUE, "team-lead"),
        ("climb", DUE + 24 * HOUR, "cto"),
    ]


def test_a_reminder_from_before_the_opening_is_left_out() -> None:
    steps = plan(opened_at=OPENED, due_at=OPENED + HOUR, remind=[24 * HOUR, HOUR, HOUR / 2], climb=[])
    assert [(step.kind.value, step.at) for step in steps] == [
        ("remind", OPENED + HOUR / 2),
        ("breach", OPENED + HOUR),
    ]


def test_what_is_named_twice_counts_once() -> None:
    climb = Climb(HOUR, "cto")
    steps = plan(opened_at=OPENED, due_at=DUE, remind=[HOUR, HOUR], climb=[climb, climb])
    assert [step.kind.value for step in steps] == ["remind", "breach", "climb"]


def test_climbs_at_the_same_instant_keep_the_order_of_the_standard() -> None:
    steps = plan(opened_at=OPENED, due_at=DUE, remind=[], climb=[Climb(HOUR, "z"), Climb(HOUR, "a")])
    assert [step.role for step in steps[1:]] == ["z", "a"]


@pytest.mark.parametrize(
    ("remind", "climb"), [([-HOUR], []), ([], [Climb(-HOUR, "cto")])], ids=["reminder", "climb"]
)
def test_a_negative_span_is_refused(remind: list[timedelta], climb: list[Climb]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        plan(opened_at=OPENED, due_at=DUE, remind=remind, climb=climb)


@pytest.mark.parametrize(
    ("done", "now", "expected", "done_after"),
    [
        (0, OPENED, [], 0),
        (0, DUE - 24 * HOUR, ["remind"], 1),
        (0, DUE - 24 * HOUR - timedelta(microseconds=1), [], 0),
        (1, DUE - 24 * HOUR, [], 1),
        (1, DUE - 3 * HOUR, ["remind"], 2),
        (2, DUE, ["breach", "team-lead"], 4),
        (4, DUE + 24 * HOUR, ["cto"], 5),
        (5, DUE + 9999 * HOUR, [], 5),
    ],
)
def test_each_step_comes_when_its_time_has_come(
    done: int, now: datetime, expected: list[str], done_after: int
) -> None:
    taken = take(STEPS, done=done, now=now)
    assert told(STEPS, done, now) == expected
    assert taken.done == done_after
    assert taken.next_at == (STEPS[done_after].at if done_after < len(STEPS) else None)


def test_reminders_that_were_missed_become_one_the_latest() -> None:
    taken = take(STEPS, done=0, now=DUE - HOUR)
    assert taken.fire == ((1, STEPS[1]),)
    assert taken.done == 2


def test_a_scheduler_that_was_down_past_the_due_time_makes_breach_and_climbs_good_once_in_order() -> None:
    taken = take(STEPS, done=0, now=DUE + 30 * HOUR)
    assert [number for number, _ in taken.fire] == [2, 3, 4]
    assert told(STEPS, 0, DUE + 30 * HOUR) == ["breach", "team-lead", "cto"]
    assert (taken.done, taken.next_at) == (5, None)


def test_a_clock_that_moved_back_repeats_nothing_and_looks_again_when_the_next_is_due() -> None:
    after = take(STEPS, done=0, now=DUE - 4 * HOUR)
    back = take(STEPS, done=after.done, now=DUE - 24 * HOUR)
    assert (back.fire, back.done, back.next_at) == ((), 2, DUE)


def test_stored_steps_come_back_equal() -> None:
    assert from_data(as_data(STEPS)) == STEPS


SPANS = st.integers(0, 200).map(lambda minutes: timedelta(minutes=minutes))
PLANS = st.builds(
    lambda due, remind, climb: plan(
        opened_at=OPENED,
        due_at=OPENED + due,
        remind=remind,
        climb=[Climb(after, f"role-{number}") for number, after in enumerate(climb)],
    ),
    due=SPANS,
    remind=st.lists(SPANS, max_size=5),
    climb=st.lists(SPANS, max_size=5),
)
CLOCK = st.lists(st.integers(-50, 500).map(lambda minutes: OPENED + timedelta(minutes=minutes)), max_size=30)


@given(steps=PLANS)
def test_a_plan_has_one_breach_all_reminders_ahead_of_it_and_all_climbs_after(
    steps: tuple[Step, ...],
) -> None:
    kinds = [step.kind for step in steps]
    assert kinds.count(StepKind.BREACH) == 1
    breach = kinds.index(StepKind.BREACH)
    assert set(kinds[:breach]) <= {StepKind.REMIND}
    assert set(kinds[breach + 1 :]) <= {StepKind.CLIMB}
    assert [step.at for step in steps] == sorted(step.at for step in steps)


@given(steps=PLANS, ticks=CLOCK)
def test_whatever_the_clock_does_no_step_comes_twice_or_early_and_order_holds(
    steps: tuple[Step, ...], ticks: list[datetime]
) -> None:
    done, fired = 0, list[int]()
    for now in ticks:
        taken = take(steps, done=done, now=now)
        assert taken.done >= done
        assert all(step.at <= now for _, step in taken.fire)
        assert sum(step.kind is StepKind.REMIND for _, step in taken.fire) <= 1
        fired += [number for number, _ in taken.fire]
        done = taken.done
    assert fired == sorted(set(fired))


@given(steps=PLANS, ticks=CLOCK)
def test_in_the_end_the_breach_and_every_climb_have_come_exactly_once(
    steps: tuple[Step, ...], ticks: list[datetime]
) -> None:
    done, fired = 0, list[int]()
    for now in [*ticks, OPENED + timedelta(days=30)]:
        taken = take(steps, done=done, now=now)
        fired += [number for number, _ in taken.fire]
        done = taken.done
    due = [number for number, step in enumerate(steps) if step.kind is not StepKind.REMIND]
    assert [number for number in fired if steps[number].kind is not StepKind.REMIND] == due
    assert done == len(steps)

"""A plan as plain data: it comes back as it was, and what is wrong is named by its place."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.escalating import ADMINISTRATORS, KINDS, LAPSES, LOW, Plan, Step, Target
from incidents.escalation_form import data_of, plan_of
from opsportal.core.errors import InvalidInput

SECONDS = st.integers(5, 86_400).map(lambda seconds: timedelta(seconds=seconds))
TARGETS = st.one_of(
    st.builds(Target, st.just("schedule"), st.just("payments"), st.sampled_from(["", "primary"])),
    st.builds(Target, st.just("on_call"), st.just(""), st.sampled_from(["", "secondary"])),
    st.builds(Target, st.sampled_from(["role", "channel", "webhook"]), st.sampled_from(["cto", "ops"])),
    st.builds(lambda one: Target("person", str(one)), st.uuids()),
    st.sampled_from([Target("assignee"), ADMINISTRATORS]),
)
LINES = st.lists(TARGETS, min_size=1, max_size=3, unique=True).map(tuple)
PLANS = st.builds(
    Plan,
    steps=st.lists(st.builds(Step, SECONDS, LINES, st.booleans()), min_size=1, max_size=4).map(tuple),
    fallback=LINES,
    repeat=st.integers(0, 9),
    pause=SECONDS,
    hold_low=st.booleans(),
    low=st.sets(st.sampled_from(sorted(LOW))).map(frozenset),
    lapses=st.dictionaries(
        st.sampled_from(["sev1", "sev2"]), SECONDS.map(lambda one: one + timedelta(minutes=1))
    ),
)


@given(PLANS)
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert plan_of(data_of(plan)) == plan


def test_what_is_left_out_has_its_default() -> None:
    plan = plan_of({"steps": [{"wait": 0, "targets": [{"kind": "assignee"}]}]})
    assert (plan.fallback, plan.repeat, plan.low, plan.lapses) == ((ADMINISTRATORS,), 0, LOW, LAPSES)


def steps(**changes: object) -> dict[str, Any]:
    return {"steps": [{"wait": 0, "targets": [{"kind": "role", "key": "cto"}], **changes}]}


def target(**values: object) -> dict[str, Any]:
    return steps(targets=[values])


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        ([], [""]),
        ({}, ["/steps"]),
        ({"steps": []}, ["/steps"]),
        ({"steps": {}}, ["/steps"]),
        (steps(targets=[]), ["/steps/0/targets"]),
        (steps(wait=-1), ["/steps/0/wait"]),
        (steps(wait=True), ["/steps/0/wait"]),
        (steps(wait="5"), ["/steps/0/wait"]),
        (steps(wait=86_401), ["/steps/0/wait"]),
        (steps(everyone_acknowledges="yes"), ["/steps/0/everyone_acknowledges"]),
        (steps(delay=5), ["/steps/0/delay"]),
        ({**steps(), "repeat": 10}, ["/repeat"]),
        ({**steps(), "pause": 0}, ["/pause"]),
        ({**steps(), "low": ["sev9"]}, ["/low/0"]),
        ({**steps(), "lapses": {"sev1": 5, "P0": 900}}, ["/lapses/P0", "/lapses/sev1"]),
        ({**steps(), "loops": 1, "hold_low": 1}, ["/loops", "/hold_low"]),
        (target(kind="rota", key="x"), ["/steps/0/targets/0/kind"]),
        (target(key="x"), ["/steps/0/targets/0/kind"]),
        (target(kind="role", key="Team Lead"), ["/steps/0/targets/0/key"]),
        (target(kind="role"), ["/steps/0/targets/0/key"]),
        (target(kind="role", key=["cto"]), ["/steps/0/targets/0/key"]),
        (target(kind="role", key="cto", role="primary"), ["/steps/0/targets/0/role"]),
        (target(kind="person", key="ann"), ["/steps/0/targets/0/key"]),
        (target(kind="administrators", key="ann"), ["/steps/0/targets/0/key"]),
        (steps(targets=[{"kind": "role", "key": "cto"}] * 2), ["/steps/0/targets/1"]),
        ({"steps": [steps()["steps"][0]] * 2}, ["/steps/1/wait"]),
        ({"steps": [steps()["steps"][0]] * 21}, ["/steps"]),
    ],
)
def test_what_is_wrong_is_named_by_its_place(data: Any, pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan_of(data)
    assert [error.pointer for error in refused.value.errors] == pointers


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(sorted(KINDS)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "wait", "targets", "kind", "key", "role", "fallback", "lapses", "low"])
            | st.text(),
            inner,
            max_size=4,
        )
    ),
)


@given(JUNK)
def test_junk_is_refused_and_never_falls_over(data: Any) -> None:
    with suppress(InvalidInput):
        assert plan_of(data).steps

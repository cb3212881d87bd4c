"""Rows that are due and steps of a round: none holds up the others, and what failed is told of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module

import pytest

from incidents.tasks import roster
from opsportal.core.due import DueError, each_due, each_step
from opsportal.outbox.models import Heartbeat
from tests.makers import NOW

pytestmark = pytest.mark.django_db


def halve(key: int, now: datetime) -> int:
    assert now == NOW
    return 2 // key


def test_a_row_that_fails_holds_up_no_other() -> None:
    done: list[int] = []

    def work(key: int, now: datetime) -> int:
        done.append(halve(key, now))
        return done[-1]

    assert each_due("rows", [1, 2], work, NOW) == 3
    with pytest.raises(DueError, match="2 of the rows"):
        each_due("rows", [0, 1, 0, 2], work, NOW)
    assert done == [2, 1, 2, 1]


def test_a_step_that_fails_holds_up_no_later_one_and_the_first_failure_is_raised() -> None:
    done: list[str] = []

    def step(name: str, error: Exception | None = None) -> int:
        done.append(name)
        if error is not None:
            raise error
        return 1

    assert each_step(lambda: step("a"), lambda: step("b")) == 2
    with pytest.raises(KeyError, match="first"):
        each_step(
            lambda: step("c", KeyError("first")), lambda: step("d", OSError("second")), lambda: step("e")
        )
    assert done == ["a", "b", "c", "d", "e"]


def test_a_roster_that_cannot_be_published_holds_up_neither_reminders_nor_handovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def broken(**_given: object) -> int:
        return each_due("rosters", [0], lambda key, _now: 1 // key, NOW)

    def noted(name: str) -> Callable[..., int]:
        def step(**_given: object) -> int:
            done.append(name)
            return 1

        return step

    names = ("shifts_remind", "swaps_advance", "handovers_advance")
    module = import_module("incidents.tasks.roster")
    monkeypatch.setattr(module, "schedules_publish", broken)
    for name in names:
        monkeypatch.setattr(module, name, noted(name))
    with pytest.raises(DueError):
        roster()
    assert done == list(names)
    assert "DueError" in Heartbeat.objects.get(name="incidents.roster").error

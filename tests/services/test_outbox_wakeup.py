"""Waking the worker costs a request nothing and never fails it."""

from __future__ import annotations

import threading

import pytest
from kombu.exceptions import OperationalError

from opsportal.celery import app
from opsportal.outbox.services import wakeup
from tests.processes import wait_until


def test_many_who_ask_at_once_share_few_wake_ups_and_each_tick_is_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = list[str]()
    monkeypatch.setattr(wakeup, "_waker", wakeup._Waker())
    monkeypatch.setattr(app, "send_task", lambda task, **options: tasks.append(task))
    for _ in range(500):
        wakeup.ask()
        wakeup.ask("notify.deliver")
    wait_until(lambda: set(tasks) >= {"outbox.dispatch", "notify.deliver"}, seconds=10, what="both are woken")
    assert len(tasks) < 50


def test_a_broker_that_hangs_holds_up_nobody_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, goes_on, asked = threading.Event(), threading.Event(), threading.Event()

    def hang(task: str, **options: object) -> None:
        hangs.set()
        goes_on.wait(timeout=30)

    monkeypatch.setattr(wakeup, "_waker", wakeup._Waker())
    monkeypatch.setattr(app, "send_task", hang)
    wakeup.ask()
    assert hangs.wait(timeout=10)
    wakeup.ask()  # returns though the sender hangs
    asked.set()
    assert not goes_on.is_set()
    goes_on.set()


def test_a_broker_that_is_away_is_left_in_peace_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    tries, pauses = list[str](), list[float]()
    paused = threading.Event()

    def away(task: str, **options: object) -> None:
        if threading.current_thread() is waker._thread:  # and not that of a test before
            tries.append(task)
        raise OperationalError

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            paused.set()
            threading.Event().wait(timeout=0.2)

    waker = wakeup._Waker(pause)
    monkeypatch.setattr(wakeup, "_waker", waker)
    monkeypatch.setattr(app, "send_task", away)
    wakeup.ask()
    assert paused.wait(timeout=10)
    assert tries == ["outbox.dispatch"]
    assert pauses == [0.05, 15.0]

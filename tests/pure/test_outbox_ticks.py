"""The ticks that are watched are those that beat sends, as often as that."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from opsportal.celery import app
from opsportal.outbox.ticks import Tick, ticks


def test_every_tick_that_beat_sends_is_watched_and_no_other() -> None:
    sent = {
        entry["task"]: timedelta(seconds=entry["schedule"])
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert {name: tick.every for name, tick in ticks.items()} == sent


def test_every_tick_is_a_task_that_the_worker_knows() -> None:
    app.loader.import_default_modules()
    assert set(ticks) <= set(app.tasks)


def test_a_tick_may_be_silent_for_three_periods_and_a_minute_at_least() -> None:
    assert Tick("x", timedelta(seconds=2), "").alarm_after == timedelta(seconds=60)
    assert Tick("x", timedelta(minutes=10), "").alarm_after == timedelta(minutes=30)

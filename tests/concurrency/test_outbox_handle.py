"""Several workers on one outbox: each message has its effect once, whoever stands still or is overtaken."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from opsportal.core.clock import database_now
from opsportal.outbox import topics
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.outbox.services import messages_handle, outbox_put
from opsportal.outbox.topics import Message
from tests.databases import Database
from tests.makers import NOW
from tests.processes import wait_until
from tests.racing import race


@pytest.fixture(autouse=True)
def _own_topics(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(topics, "_handlers", {})
    return iter([None])


def put(count: int) -> None:
    with transaction.atomic():
        for number in range(count):
            outbox_put(now=NOW, topic="a.happened", payload={"number": number})


def handle() -> int:
    return messages_handle(clock=database_now)


def test_four_workers_handle_each_message_once() -> None:
    calls: Counter[int] = Counter()

    def listen(message: Message) -> None:
        calls[message.payload["number"]] += 1
        Heartbeat.objects.create(name=f"effect {message.payload['number']}")

    topics.on("a.happened", "one", listen)
    put(80)
    counts = race(handle, handle, handle, handle)
    assert [count for count in counts if not isinstance(count, int)] == []
    assert sum(count for count in counts if isinstance(count, int)) == 80
    assert calls == Counter(range(80))
    assert Heartbeat.objects.count() == 80
    assert set(OutboxMessage.objects.values_list("state", "attempt")) == {("done", 1)}


def test_whoever_is_overtaken_in_the_middle_of_a_handler_leaves_no_second_effect() -> None:
    first_is_in, second_is_through = threading.Event(), threading.Event()

    def listen(message: Message) -> None:
        if not first_is_in.is_set():
            first_is_in.set()
            assert second_is_through.wait(timeout=30)
        Heartbeat.objects.create(name=f"effect of attempt {OutboxMessage.objects.get().attempt}")

    def overtake() -> int:
        assert first_is_in.wait(timeout=30)
        OutboxMessage.objects.update(due_at=NOW)  # as if its lease had run out
        handled = handle()
        second_is_through.set()
        return handled

    if connection.vendor == "sqlite":
        pytest.skip("on SQLite the first writer holds the only write lock: nobody can overtake it")
    topics.on("a.happened", "one", listen)
    put(1)
    assert race(handle, overtake) == [1, 1]
    row = OutboxMessage.objects.get()
    assert (row.state, row.attempt, row.error) == ("done", 2, "")
    assert [beat.name for beat in Heartbeat.objects.all()] == ["effect of attempt 2"]


def test_postgres_ends_the_transaction_of_who_stands_still_so_that_its_locks_stop_nobody() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no sessions that it could end")
    stands_still, goes_on = threading.Event(), threading.Event()

    def listen(message: Message) -> None:
        Heartbeat.objects.create(name="effect")  # whoever takes over waits for this key
        if not stands_still.is_set():
            stands_still.set()
            assert goes_on.wait(timeout=60)

    def stand_still() -> int:
        return messages_handle(clock=database_now, lease=timedelta(seconds=1))

    def take_over() -> int:
        assert stands_still.wait(timeout=30)
        wait_until(lambda: handle() == 1, seconds=30, what="somebody takes the message over")
        goes_on.set()
        return 1

    topics.on("a.happened", "one", listen)
    put(1)
    assert race(stand_still, take_over) == [1, 1]
    row = OutboxMessage.objects.get()
    assert (row.state, row.attempt) == ("done", 2)
    assert Heartbeat.objects.count() == 1

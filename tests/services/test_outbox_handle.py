"""Handling what waits: once each, apart from each other, fenced, given up in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from opsportal.core.correlation import correlated, correlation_id
from opsportal.core.errors import Conflict
from opsportal.outbox import topics
from opsportal.outbox.backoff import MAX_TRIES
from opsportal.outbox.models import Heartbeat, OutboxMessage
from opsportal.outbox.services import messages_handle, outbox_put
from opsportal.outbox.services.handling import LEASE, messages_claim
from opsportal.outbox.topics import Message
from tests.makers import NOW

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _own_topics(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(topics, "_handlers", {})
    return iter([None])


@pytest.fixture
def heard() -> list[Message]:
    return []


def put(payload: dict[str, object] | None = None, topic: str = "a.happened") -> None:
    outbox_put(now=NOW, topic=topic, payload=payload or {})


def handle(now: datetime = NOW) -> int:
    return messages_handle(clock=lambda: now)


def failing(message: Message) -> None:
    Heartbeat.objects.create(name="written by a handler that failed")
    raise ZeroDivisionError("secret words")


def test_a_message_is_handled_once_with_its_payload_time_and_correlation(heard: list[Message]) -> None:
    seen = list[str]()

    def listen(message: Message) -> None:
        heard.append(message)
        seen.append(correlation_id())

    topics.on("a.happened", "one", listen)
    with correlated("cid-7"):
        put({"id": 3})
    later = NOW + 5 * SECOND
    assert handle(later) == 1
    assert handle(later) == 0
    row = OutboxMessage.objects.get()
    assert heard == [Message("a.happened", {"id": 3}, later, "cid-7", row.message_id)]
    assert seen == ["cid-7"]
    assert (row.state, row.attempt, row.due_at, row.finished_at, row.error) == ("done", 1, None, later, "")


def test_a_message_without_correlation_gets_one(heard: list[Message]) -> None:
    topics.on("a.happened", "one", heard.append)
    put()
    handle()
    assert len(heard[0].correlation_id) == 32


def test_one_handler_that_fails_neither_holds_up_nor_repeats_the_other(heard: list[Message]) -> None:
    topics.on("a.happened", "bad", failing)
    topics.on("a.happened", "good", heard.append)
    put()
    assert handle() == 2
    assert handle(NOW + 5 * SECOND) == 1
    assert len(heard) == 1
    assert dict(OutboxMessage.objects.values_list("handler", "state")) == {"bad": "waiting", "good": "done"}


def test_a_handler_that_fails_leaves_nothing_of_its_own_and_is_tried_again_after_a_growing_wait() -> None:
    topics.on("a.happened", "bad", failing)
    put()
    waits, now = [], NOW
    for _ in range(4):
        assert handle(now) == 1
        row = OutboxMessage.objects.get()
        assert row.state == "waiting"
        assert row.due_at is not None
        assert handle(row.due_at - SECOND / 1000) == 0
        waits.append((row.due_at - now).total_seconds())
        now = row.due_at
    assert waits == [5, 10, 20, 40]
    assert not Heartbeat.objects.exists()


def test_the_error_is_kept_as_kind_and_place_without_its_words() -> None:
    topics.on("a.happened", "bad", failing)
    put()
    handle()
    error = OutboxMessage.objects.get().error
    assert error.startswith("ZeroDivisionError at test_outbox_handle.py:")
    assert "secret" not in error


def test_a_refusal_is_kept_with_its_code() -> None:
    def refuse(message: Message) -> None:
        raise Conflict("words", code="too_late")

    topics.on("a.happened", "bad", refuse)
    put()
    handle()
    assert OutboxMessage.objects.get().error.startswith("Conflict (too_late) at ")


def test_after_twelve_tries_it_is_given_up_and_not_touched_again() -> None:
    topics.on("a.happened", "bad", failing)
    put()
    now = NOW
    for _ in range(MAX_TRIES):
        assert handle(now) == 1
        now += timedelta(hours=2)
    row = OutboxMessage.objects.get()
    assert (row.state, row.tries, row.due_at) == ("dead", 12, None)
    assert row.finished_at == now - timedelta(hours=2)
    assert handle(now) == 0


def test_a_handler_that_this_version_lacks_is_tried_again_not_lost(heard: list[Message]) -> None:
    topics.on("a.happened", "new", heard.append)
    put()
    topics._handlers.clear()
    handle()
    row = OutboxMessage.objects.get()
    assert (row.state, row.error[:11]) == ("waiting", "LookupError")
    topics.on("a.happened", "new", heard.append)
    handle(NOW + 5 * SECOND)
    assert len(heard) == 1


def test_a_claimed_message_is_left_alone_until_its_lease_runs_out(heard: list[Message]) -> None:
    topics.on("a.happened", "one", heard.append)
    put()
    (claimed,) = messages_claim(now=NOW, count=10)
    assert claimed.attempt == 1
    assert handle(NOW + LEASE - SECOND) == 0
    assert handle(NOW + LEASE) == 1
    assert len(heard) == 1
    assert OutboxMessage.objects.get().attempt == 2


def test_whoever_lost_the_claim_finishes_nothing_and_what_its_handler_wrote_is_taken_back() -> None:
    def overtaken(message: Message) -> None:
        Heartbeat.objects.create(name="written by who was overtaken")
        # Somebody else claims it while this handler stands still.
        OutboxMessage.objects.update(due_at=NOW)
        assert len(messages_claim(now=NOW, count=10)) == 1

    topics.on("a.happened", "one", overtaken)
    put()
    assert handle() == 1
    row = OutboxMessage.objects.get()
    assert row.state == "waiting"
    assert row.error == ""
    assert not Heartbeat.objects.exists()


def test_a_message_that_kills_its_worker_each_time_is_given_up(heard: list[Message]) -> None:
    topics.on("a.happened", "one", heard.append)
    put()
    now = NOW
    for _ in range(MAX_TRIES):
        assert len(messages_claim(now=now, count=10)) == 1
        now += LEASE
    assert handle(now) == 0
    row = OutboxMessage.objects.get()
    assert (row.state, row.error, row.finished_at) == ("dead", "the worker died at each try", now)
    assert heard == []


def test_messages_are_handled_in_the_order_in_which_they_were_put(heard: list[Message]) -> None:
    topics.on("a.happened", "one", heard.append)
    for number in range(25):
        put({"number": number})
    assert handle() == 25
    assert [message.payload["number"] for message in heard] == list(range(25))


def test_a_message_put_by_a_handler_is_handled_in_the_same_run(heard: list[Message]) -> None:
    def pass_on(message: Message) -> None:
        outbox_put(now=message.now, topic="b.happened", payload={})

    topics.on("a.happened", "one", pass_on)
    topics.on("b.happened", "one", heard.append)
    with correlated("cid-1"):
        put()
    handle()
    assert [message.correlation_id for message in heard] == ["cid-1"]


def test_the_budget_ends_a_run_that_would_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    elapsed = iter([0.0, 1.0, 14.0, 16.0])
    monkeypatch.setattr("opsportal.outbox.services.handling.time.monotonic", lambda: next(elapsed))

    def again(message: Message) -> None:
        outbox_put(now=message.now, topic="a.happened", payload={})

    topics.on("a.happened", "one", again)
    put()
    assert handle() == 2

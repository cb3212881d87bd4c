"""Several senders at once: each delivery goes out once, each person is told once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.notify.channels import ChannelAwayError, Envelope, channels
from opsportal.notify.models import (
    ChannelHealth,
    Delivery,
    DeliveryAttempt,
    Digest,
    DigestItem,
    Notification,
)
from opsportal.notify.services import deliveries_send, digests_close, notify
from tests.databases import Database
from tests.makers import NOW, make_user
from tests.racing import race


class CountingChannel:
    """Counts what it sends."""

    title = "Counting"

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.guard = threading.Lock()
        self.away = False

    def address_of(self, user: User) -> str:
        return user.email

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> None:
        if self.away:
            raise ChannelAwayError("away")
        before_hand_over()
        with self.guard:
            self.sent[str(envelope.delivery_id)] += 1


@pytest.fixture
def channel(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> CountingChannel:
    counting = CountingChannel()
    monkeypatch.setitem(channels._entries, "email", counting)
    return counting


def send() -> int:
    return deliveries_send(clock=database_now)


def test_four_senders_send_each_delivery_once(channel: CountingChannel) -> None:
    people = [make_user().pk for _ in range(30)]
    notify(now=NOW, message_key="k1", recipients=people, subject="Hello", body="Body")
    notify(now=NOW, message_key="k2", recipients=people, subject="Hello", body="Body")
    counts = race(send, send, send, send)
    assert sum(count for count in counts if isinstance(count, int)) == 60
    assert set(channel.sent.values()) == {1}
    assert len(channel.sent) == 60
    assert set(Delivery.objects.values_list("state", "attempt")) == {("sent", 1)}
    assert set(DeliveryAttempt.objects.values_list("number", "outcome")) == {(1, "sent")}


def test_six_who_tell_the_same_at_once_tell_each_person_once(channel: CountingChannel) -> None:
    people = [make_user().pk for _ in range(5)]

    def tell() -> int:
        return len(notify(now=NOW, message_key="k1", recipients=people, subject="Hello", body="Body"))

    told = race(*[tell] * 6)
    assert [count for count in told if not isinstance(count, int)] == []
    assert sum(count for count in told if isinstance(count, int)) == 5
    assert Notification.objects.count() == Delivery.objects.count() == 5


def test_four_senders_that_find_the_channel_away_lose_nothing(channel: CountingChannel) -> None:
    channel.away = True
    people = [make_user().pk for _ in range(8)]
    notify(now=NOW, message_key="k1", recipients=people, subject="Hello", body="Body")
    assert [count for count in race(send, send, send, send) if count != 0] == []
    assert set(Delivery.objects.values_list("state", "tries")) == {("waiting", 0)}
    health = ChannelHealth.objects.get()
    assert 1 <= health.failures <= 4
    channel.away = False
    ChannelHealth.objects.update(paused_until=None)
    assert sum(count for count in race(send, send) if isinstance(count, int)) == 8
    assert set(channel.sent.values()) == {1}
    assert ChannelHealth.objects.get().failures == 0


def test_what_is_told_while_digests_close_is_in_one_digest_and_each_digest_goes_out_once(
    channel: CountingChannel,
) -> None:
    people = [make_user().pk for _ in range(6)]
    long_ago = NOW - timedelta(days=9)

    def tell(key: str) -> Callable[[], int]:
        return lambda: len(
            notify(
                now=long_ago,
                message_key=key,
                recipients=people,
                subject="Hello",
                body="Body",
                urgency="low",
            )
        )

    def close() -> int:
        return digests_close(clock=database_now)

    tell("k0")()
    came = race(tell("k1"), close, tell("k2"), close, tell("k3"), close)
    assert [answer for answer in came if not isinstance(answer, int)] == []
    close()
    race(send, send)
    assert len(channel.sent) == Delivery.objects.count() == Digest.objects.count()
    assert set(channel.sent.values()) == {1}
    assert DigestItem.objects.filter(outcome="told").count() == Notification.objects.count() == 24
    assert DigestItem.objects.count() == 24

"""Sending: once each, fenced, given up in the end; a channel that is away is left in peace."""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.correlation import correlated, correlation_id
from opsportal.core.errors import Forbidden, IllegalMove, NotFound
from opsportal.notify.channels import ChannelAwayError, Envelope, RefusedError, TryAgainError, channels
from opsportal.notify.models import ChannelHealth, Delivery, DeliveryAttempt
from opsportal.notify.services import deliveries_send, delivery_dismiss, delivery_retry, notify
from opsportal.notify.services.deliver import LEASE, delivery_claim
from opsportal.outbox.backoff import MAX_TRIES
from tests.makers import NOW, ROOT, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
OPERATOR = Actor.user(uuid.uuid4(), is_staff=True)


class FakeChannel:
    """Does what the test says and keeps what it sent."""

    title = "Fake"

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.fail: Callable[[], Exception | None] = lambda: None
        self.meanwhile: Callable[[], object] = lambda: None

    def address_of(self, user: User) -> str:
        return user.email

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> None:
        self.meanwhile()
        before_hand_over()
        if error := self.fail():
            raise error
        self.sent.append(envelope)


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> FakeChannel:
    fake = FakeChannel()
    monkeypatch.setitem(channels._entries, "email", fake)
    return fake


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org")


def tell(user: User, key: str = "k1", now: datetime = NOW) -> Delivery:
    (row,) = notify(now=now, message_key=key, recipients=[user.pk], subject="Hello", body="Body", url="/x/")
    return row.deliveries.get()


def send(now: datetime = NOW) -> int:
    return deliveries_send(clock=lambda: now)


def attempts(delivery: Delivery) -> list[tuple[int, str, str]]:
    return list(delivery.attempts.order_by("number").values_list("number", "outcome", "error"))


def test_a_delivery_is_sent_once_to_the_address_of_that_moment(
    ada: User, channel: FakeChannel, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://portal.example.org"
    delivery = tell(ada)
    User.objects.update(email="ada.new@example.org")
    assert send(NOW + SECOND) == 1
    assert send(NOW + SECOND) == 0
    (envelope,) = channel.sent
    assert (envelope.delivery_id, envelope.address) == (delivery.pk, "ada.new@example.org")
    assert (envelope.subject, envelope.body, envelope.link) == (
        "Hello",
        "Body",
        "https://portal.example.org/x/",
    )
    assert (envelope.urgent, envelope.created_at) == (False, NOW)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.due_at, delivery.finished_at) == ("sent", None, NOW + SECOND)
    assert attempts(delivery) == [(1, "sent", "")]


def test_no_address_and_no_name_is_kept_with_a_delivery(ada: User, channel: FakeChannel) -> None:
    channel.fail = lambda: RefusedError("smtp 550 5.1.1")
    tell(ada)
    send()
    kept = str(list(Delivery.objects.values_list())) + str(list(DeliveryAttempt.objects.values_list()))
    assert "ada@example.org" not in kept
    assert ada.full_name not in kept


def test_it_is_sent_under_the_correlation_id_of_what_caused_it(ada: User, channel: FakeChannel) -> None:
    seen = list[str]()
    channel.meanwhile = lambda: seen.append(correlation_id())
    with correlated("cid-9"):
        tell(ada)
    send()
    assert seen == ["cid-9"]


def test_a_failure_that_may_pass_is_tried_again_after_a_growing_wait_and_given_up_in_the_end(
    ada: User, channel: FakeChannel
) -> None:
    channel.fail = lambda: TryAgainError("smtp 451")
    delivery, now, waits = tell(ada), NOW, []
    for _ in range(MAX_TRIES):
        assert send(now) == 0
        delivery.refresh_from_db()
        waits.append((delivery.due_at - now).total_seconds() if delivery.due_at else None)
        assert delivery.due_at is None or send(delivery.due_at - SECOND) == 0
        now = delivery.due_at or now
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, None]
    assert (delivery.state, delivery.error, delivery.finished_at) == ("dead", "smtp 451", now)
    assert attempts(delivery) == [(number, "try_again", "smtp 451") for number in range(1, 13)]


def test_a_refusal_for_good_is_given_up_at_once(ada: User, channel: FakeChannel) -> None:
    channel.fail = lambda: RefusedError("smtp 550")
    delivery = tell(ada)
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("dead", "smtp 550")
    assert attempts(delivery) == [(1, "refused", "smtp 550")]


def test_who_has_no_address_is_given_up_at_once(
    ada: User, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "address_of", lambda user: "")
    delivery = tell(ada)
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("dead", "no_address")
    assert channel.sent == []


def test_who_has_left_meanwhile_is_skipped(ada: User, channel: FakeChannel) -> None:
    delivery = tell(ada)
    user_deactivate(actor=ROOT, now=NOW, user_id=ada.pk)
    assert send() == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.finished_at) == ("skipped", NOW)
    assert channel.sent == []


def test_what_crashes_is_tried_again(ada: User, channel: FakeChannel) -> None:
    channel.fail = lambda: ZeroDivisionError("ada@example.org")
    delivery = tell(ada)
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("waiting", "ZeroDivisionError")


def test_a_channel_that_is_gone_is_tried_again(ada: User, channel: FakeChannel) -> None:
    delivery = tell(ada)
    Delivery.objects.update(channel="pager")
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("waiting", "no_such_channel")


def test_one_that_fails_holds_up_no_other(ada: User, channel: FakeChannel) -> None:
    first, second = tell(ada), tell(ada, "k2", NOW + SECOND)
    errors = iter([TryAgainError("smtp 451"), None])
    channel.fail = lambda: next(errors)
    assert send(NOW + SECOND) == 1
    assert [row.delivery_id for row in channel.sent] == [second.pk]
    first.refresh_from_db()
    assert first.state == "waiting"


def test_a_channel_that_is_away_is_left_in_peace_costs_no_tries_and_recovers(
    ada: User, channel: FakeChannel
) -> None:
    channel.fail = lambda: ChannelAwayError("ConnectionRefusedError")
    rows, now, pauses = [tell(ada, f"k{number}") for number in range(3)], NOW, []
    for _ in range(20):
        send(now)
        health = ChannelHealth.objects.get()
        assert health.paused_until is not None
        pauses.append((health.paused_until - now).total_seconds())
        assert send(health.paused_until - SECOND) == 0
        now = health.paused_until
    assert pauses[:8] == [5, 10, 20, 40, 60, 60, 60, 60]
    away = ChannelHealth.objects.get()
    assert (away.failures, away.failing_since, away.error) == (20, NOW, "ConnectionRefusedError")
    assert set(Delivery.objects.values_list("state", "tries")) == {("waiting", 0)}
    assert DeliveryAttempt.objects.count() == 20
    channel.fail = lambda: None
    assert send(now) == 3
    assert {envelope.delivery_id for envelope in channel.sent} == {row.pk for row in rows}
    away.refresh_from_db()
    assert (away.failures, away.failing_since, away.paused_until) == (0, None, None)


def test_a_claimed_delivery_is_left_alone_until_its_lease_runs_out_and_then_taken_over(
    ada: User, channel: FakeChannel
) -> None:
    delivery = tell(ada)
    assert delivery_claim(now=NOW) is not None
    assert send(NOW + LEASE - SECOND) == 0
    assert send(NOW + LEASE) == 1
    assert attempts(delivery) == [(1, "lost", ""), (2, "sent", "")]


def test_who_stood_still_and_lost_the_claim_sends_nothing_and_finishes_nothing(
    ada: User, channel: FakeChannel
) -> None:
    delivery = tell(ada)
    channel.meanwhile = lambda: delivery_claim(now=NOW + LEASE)
    assert send() == 0
    assert channel.sent == []
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempt) == ("waiting", 2)
    assert attempts(delivery) == [(1, "lost", ""), (2, "started", "")]


def test_who_lost_the_claim_after_the_hand_over_says_so_but_finishes_nothing(
    ada: User, channel: FakeChannel
) -> None:
    delivery = tell(ada)

    def overtaken() -> None:
        delivery_claim(now=NOW + 2 * LEASE)

    channel.fail = overtaken
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempt) == ("waiting", 2)
    assert attempts(delivery) == [(1, "sent", ""), (2, "started", "")]


def test_one_that_kills_its_worker_each_time_is_given_up(ada: User, channel: FakeChannel) -> None:
    delivery, now = tell(ada), NOW
    for _ in range(MAX_TRIES):
        assert delivery_claim(now=now) is not None
        now += LEASE
    send(now)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("dead", "worker_died_at_each_try")
    assert channel.sent == []


def test_an_administrator_retries_what_was_given_up_with_all_its_tries(
    ada: User, channel: FakeChannel
) -> None:
    channel.fail = lambda: RefusedError("smtp 550")
    delivery = tell(ada)
    send()
    later = NOW + timedelta(days=1)
    delivery_retry(actor=OPERATOR, now=later, pk=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.due_at, delivery.finished_at) == (
        "waiting",
        0,
        later,
        None,
    )
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.object_key) == ("delivery.retried", str(delivery.pk))
    channel.fail = lambda: None
    assert send(later) == 1
    assert attempts(delivery) == [(1, "refused", "smtp 550"), (2, "sent", "")]


def test_an_administrator_dismisses_what_was_given_up(ada: User, channel: FakeChannel) -> None:
    delivery = tell(ada)
    Delivery.objects.update(state="dead", due_at=None, finished_at=NOW)
    delivery_dismiss(actor=OPERATOR, now=NOW + SECOND, pk=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.finished_at) == ("dismissed", NOW + SECOND)
    assert AuditEntry.objects.latest("id").action == "delivery.dismissed"


@pytest.mark.parametrize("verb", [delivery_retry, delivery_dismiss])
def test_others_repair_nothing_and_what_was_not_given_up_is_not_repaired(
    verb: Callable[..., Delivery], ada: User, channel: FakeChannel
) -> None:
    delivery = tell(ada)
    with refused(Forbidden):
        verb(actor=Actor.user(ada.pk), now=NOW, pk=delivery.pk)
    with refused(IllegalMove):
        verb(actor=OPERATOR, now=NOW, pk=delivery.pk)
    with refused(NotFound):
        verb(actor=OPERATOR, now=NOW, pk=uuid.uuid4())


class FailingConnection:
    """Django's mail connection, as it fails."""

    def __init__(self, opening: Exception | None, sending: Exception | None) -> None:
        self.opening, self.sending = opening, sending

    def open(self) -> None:
        if self.opening:
            raise self.opening

    def send_messages(self, messages: object) -> None:
        if self.sending:
            raise self.sending

    def close(self) -> None:
        raise smtplib.SMTPServerDisconnected("already gone")


@pytest.mark.parametrize(
    ("connection", "outcome", "error"),
    [
        (FailingConnection(ConnectionRefusedError(), None), "channel_away", "ConnectionRefusedError"),
        (
            FailingConnection(smtplib.SMTPAuthenticationError(535, b"5.7.8 no"), None),
            "channel_away",
            "smtp 535 5.7.8",
        ),
        (FailingConnection(None, smtplib.SMTPSenderRefused(550, b"no", "x")), "channel_away", "smtp 550"),
        (FailingConnection(None, smtplib.SMTPRecipientsRefused({"a": (550, b"no")})), "refused", "smtp 550"),
        (
            FailingConnection(None, smtplib.SMTPRecipientsRefused({"a": (450, b"no")})),
            "try_again",
            "smtp 450",
        ),
        (FailingConnection(None, smtplib.SMTPDataError(554, b"spam")), "refused", "smtp 554"),
        (FailingConnection(None, smtplib.SMTPDataError(452, b"full")), "try_again", "smtp 452"),
        (FailingConnection(None, smtplib.SMTPServerDisconnected("x")), "try_again", "SMTPServerDisconnected"),
        (FailingConnection(None, TimeoutError()), "try_again", "TimeoutError"),
        (FailingConnection(None, ValueError("bad address")), "refused", "address_unusable"),
        (FailingConnection(None, None), "sent", ""),
    ],
)
def test_each_failure_of_smtp_is_told_apart(
    ada: User, monkeypatch: pytest.MonkeyPatch, connection: FailingConnection, outcome: str, error: str
) -> None:
    monkeypatch.setattr("opsportal.notify.channels.email.get_connection", lambda: connection)
    delivery = tell(ada)
    send()
    assert attempts(delivery) == [(1, outcome, error)]


def test_an_email_goes_out_by_djangos_mail_backend(ada: User) -> None:
    delivery = tell(ada)
    send()
    (message,) = mail.outbox
    assert message.to == ["ada@example.org"]
    assert message.extra_headers["Message-ID"].startswith(f"<{delivery.pk}@")

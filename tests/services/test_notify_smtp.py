"""The e-mail channel against real servers: one that takes mail, refuses it, hangs, or is not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from opsportal.notify.models import Delivery
from opsportal.notify.services import deliveries_send, notify
from tests.makers import NOW, make_user
from tests.processes import free_port
from tests.servers import Mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _smtp(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.PUBLIC_URL = "https://portal.example.org"


def send(settings: Any, port: int, subject: str = "Hello") -> Delivery:
    settings.EMAIL_PORT = port
    person = make_user("ada@example.org", name="Ada Example")
    (row,) = notify(
        now=NOW,
        message_key="k",
        recipients=[person.pk],
        subject=subject,
        body="Böses Wort: 😀",
        url="/changes/",
    )
    deliveries_send(clock=lambda: NOW)
    return row.deliveries.get()


def outcome(delivery: Delivery) -> tuple[str, str, str]:
    attempt = delivery.attempts.get()
    return delivery.state, attempt.outcome, attempt.error


def test_a_mail_arrives_as_it_was_meant(settings: Any, mailbox: Mailbox) -> None:
    delivery = send(settings, mailbox.port, "Ünïcode\r\nBcc: eve@example.org")
    assert outcome(delivery) == ("sent", "sent", "")
    (mail,) = mailbox.mails
    assert mail.recipients == ["ada@example.org"]
    assert mail.subject == "Ünïcode Bcc: eve@example.org"
    assert mail.text.splitlines() == [
        "Böses Wort: 😀",
        "",
        "https://portal.example.org/changes/",
        "",
        "-- ",
        "Sent by opsportal, https://portal.example.org",
        "What comes by mail, and when: https://portal.example.org/account/notifications/",
    ]
    assert mail.message["Message-ID"] == f"<{delivery.pk}@portal.example.org>"
    assert mail.message["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert mail.message["Bcc"] is None
    assert "Ada Example" not in mail.message.as_string()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("554 5.7.1 not for ada@example.org", ("dead", "refused", "smtp 554 5.7.1")),
        ("451 4.3.0 later", ("waiting", "try_again", "smtp 451 4.3.0")),
    ],
)
def test_a_server_that_says_no_is_believed(
    settings: Any, mailbox: Mailbox, answer: str, expected: tuple[str, str, str]
) -> None:
    mailbox.refuse = answer
    assert outcome(send(settings, mailbox.port)) == expected


def test_a_server_that_is_not_there_costs_no_try(settings: Any) -> None:
    delivery = send(settings, free_port())
    assert outcome(delivery) == ("waiting", "channel_away", "ConnectionRefusedError")
    assert delivery.tries == 0


@pytest.fixture
def hanging() -> Iterator[int]:
    """Take connections and never say a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(5)
        yield server.getsockname()[1]


def test_a_server_that_hangs_is_left_after_the_timeout(settings: Any, hanging: int) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    delivery = send(settings, hanging)
    assert outcome(delivery) == ("waiting", "channel_away", "SMTPServerDisconnected")


def test_the_timeout_is_ten_seconds(settings: Any) -> None:
    assert settings.EMAIL_TIMEOUT == 10

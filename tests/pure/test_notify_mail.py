"""How a notification becomes a mail, and how an SMTP failure becomes a code."""

from __future__ import annotations

import smtplib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.notify.channels import Envelope
from opsportal.notify.channels.email import code_of, mail_of, one_line

ENVELOPE = Envelope(
    delivery_id=UUID("11111111-2222-4333-8444-555555555555"),
    address="ada@example.org",
    subject="Due in 4 h: review the change (CHG-7)",
    body="This is a reminder.",
    link="https://portal.example.org/changes/CHG-7/",
    urgent=False,
    created_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    correlation_id="abc123",
)


def test_the_mail_of_a_page_says_how_to_acknowledge_it() -> None:
    link = "https://portal.example.org/ack/opa_x/"
    assert link in mail_of(replace(ENVELOPE, ack_link=link)).body
    assert "press its button" not in mail_of(ENVELOPE).body


@pytest.fixture(autouse=True)
def _address(settings: object) -> None:
    settings.PUBLIC_URL = "https://portal.example.org"  # type: ignore[attr-defined]


def test_message_id_and_date_come_from_the_delivery_so_a_repeat_shows_as_one() -> None:
    headers = dict(mail_of(ENVELOPE).message().items())
    assert headers["Message-ID"] == "<11111111-2222-4333-8444-555555555555@portal.example.org>"
    assert headers["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert headers["To"] == "ada@example.org"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Correlation-ID"] == "abc123"
    assert "Importance" not in headers
    assert dict(mail_of(ENVELOPE).message().items()) == headers


def test_the_body_is_plain_text_with_the_link() -> None:
    message = mail_of(ENVELOPE).message()
    assert message.get_content_type() == "text/plain"
    assert message.get_payload() == (
        "This is a reminder.\n\nhttps://portal.example.org/changes/CHG-7/\n\n"
        "-- \nSent by opsportal, https://portal.example.org\n"
        "What comes by mail, and when: https://portal.example.org/account/notifications/\n"
    )


def test_an_urgent_one_says_so() -> None:
    assert mail_of(replace(ENVELOPE, urgent=True)).message()["Importance"] == "high"


def test_a_subject_with_line_breaks_stays_one_line_and_makes_no_header() -> None:
    message = mail_of(replace(ENVELOPE, subject="Hello\r\nBcc: eve@example.org\n\nbody")).message()
    assert message["Subject"] == "Hello Bcc: eve@example.org body"
    assert message["Bcc"] is None


@given(st.text())
def test_nothing_in_a_subject_can_break_out_of_its_header(subject: str) -> None:
    line = one_line(subject)
    assert line.splitlines() in ([], [line])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            smtplib.SMTPRecipientsRefused({"ada@example.org": (550, b"5.1.1 <ada@example.org>: no")}),
            "smtp 550 5.1.1",
        ),
        (
            smtplib.SMTPRecipientsRefused({"ada@example.org": (451, b"try <ada@example.org> later")}),
            "smtp 451",
        ),
        (smtplib.SMTPDataError(554, b"5.7.1 spam from ada@example.org"), "smtp 554 5.7.1"),
        (smtplib.SMTPSenderRefused(553, b"text", "portal@example.org"), "smtp 553"),
        (smtplib.SMTPServerDisconnected("ada@example.org"), "SMTPServerDisconnected"),
        (ConnectionRefusedError(111, "ada@example.org"), "ConnectionRefusedError"),
        (TimeoutError("timed out"), "TimeoutError"),
    ],
)
def test_a_failure_is_kept_as_code_and_kind_never_in_the_servers_words(error: Exception, code: str) -> None:
    assert code_of(error) == code

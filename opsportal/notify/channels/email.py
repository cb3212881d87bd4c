"""E-mail by SMTP, through Django's mail backend."""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from opsportal.accounts.models import User
from opsportal.accounts.services.people import clean_email
from opsportal.notify.channels.base import ChannelAwayError, Envelope, RefusedError, TryAgainError
from opsportal.outbox import backoff

SETTINGS_PATH = "/account/notifications/"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class EmailChannel:
    """One connection and one plain-text message for each delivery, of news and of pages."""

    title = "E-mail"
    hint = "An address that you read at night, too: name@example.org"
    for_people = for_targets = True
    own_circuit = False
    tries = backoff.MAX_TRIES

    def clean(self, address: object) -> str:
        return clean_email(address)

    def is_configured(self) -> bool:
        return True

    def address_of(self, user: User) -> str:
        return user.email

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Send `envelope` as a mail and return its Message-ID; see `Sender.send`.

        Timeouts are 10 s a step (EMAIL_TIMEOUT).
        """
        message = mail_of(envelope)
        connection = get_connection()
        try:
            connection.open()
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelAwayError(code_of(error)) from error
        try:
            before_hand_over()
            connection.send_messages([message])
        except smtplib.SMTPSenderRefused as error:  # our own address, so every mail fails alike
            raise ChannelAwayError(code_of(error)) from error
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            raise (RefusedError if _status(error) >= 500 else TryAgainError)(code_of(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise TryAgainError(code_of(error)) from error
        except ValueError as error:  # a header that cannot be written, e.g. an address that is none
            raise RefusedError("address_unusable") from error
        finally:
            # The server has taken the message or it has not; how it says good-bye changes nothing.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.close()
        return str(message.extra_headers["Message-ID"])


def mail_of(envelope: Envelope) -> EmailMessage:
    """Return the mail. Message-ID and date are the same at every attempt, so a repeat shows as one.

    The subject is one line whatever it was made of: nothing in it can become a header.
    """
    headers = {
        "Message-ID": f"<{envelope.delivery_id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>",
        "Date": format_datetime(envelope.created_at),
        "Auto-Submitted": "auto-generated",
    }
    if envelope.urgent:
        headers["Importance"] = "high"
    if envelope.correlation_id:
        headers["X-Correlation-ID"] = one_line(envelope.correlation_id)
    paragraphs = [envelope.body.strip(), envelope.link, _ack(envelope), _footer()]
    return EmailMessage(
        subject=one_line(envelope.subject),
        body="\n\n".join(part for part in paragraphs if part) + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[envelope.address],
        headers=headers,
    )


def _ack(envelope: Envelope) -> str:
    if not envelope.ack_link:
        return ""
    return f"To say that you have it, open this page and press its button:\n{envelope.ack_link}"


def _footer() -> str:
    where = f"{settings.PUBLIC_URL}{SETTINGS_PATH}"
    return f"-- \nSent by opsportal, {settings.PUBLIC_URL}\nWhat comes by mail, and when: {where}"


def one_line(text: str) -> str:
    """Return `text` without line breaks and other control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def code_of(error: Exception) -> str:
    """Return what went wrong as status codes and kinds: a server's own words may name the recipient."""
    answer = _answer(error)
    if answer is None:
        return type(error).__name__
    status, text = answer
    enhanced = _ENHANCED.search(text)
    return f"smtp {status} {enhanced[1]}" if enhanced else f"smtp {status}"


def _status(error: Exception) -> int:
    answer = _answer(error)
    return answer[0] if answer else 0


def _answer(error: Exception) -> tuple[int, str] | None:
    """Return the server's (status, text), where it answered at all."""
    pair: Any = None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        pair = next(iter(error.recipients.values()), None)
    elif isinstance(error, smtplib.SMTPResponseException):
        pair = (error.smtp_code, error.smtp_error)
    if not pair:
        return None
    status, text = pair
    return int(status), text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)

"""What a channel is, and the three ways in which one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from opsportal.accounts.models import User
from opsportal.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a channel sends. `link` is a complete address, `""` where the message leads nowhere."""

    delivery_id: UUID
    address: str
    subject: str
    body: str
    link: str
    urgent: bool
    created_at: datetime
    correlation_id: str


class SendError(Exception):
    """Base of what a channel raises. `code` says why without naming anybody: it is stored and shown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RefusedError(SendError):
    """This message will never get through: it is given up at once."""


class TryAgainError(SendError):
    """This message did not get through now; it may later."""


class ChannelAwayError(SendError):
    """Nothing gets through at present. Not this message's fault, so it costs it no try."""


class Channel(Protocol):
    """A way to reach somebody."""

    title: str

    def address_of(self, user: User) -> str:
        """Return where to reach `user`, `""` where they cannot be reached this way."""

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> None:
        """Send, in less than 40 s from `before_hand_over` on, or raise one of the three errors.

        Call `before_hand_over` once all is prepared and the next step cannot be taken back: it makes
        sure that the message is still ours to send, and raises (let it pass) where it is not.
        """


channels: Registry[Channel] = Registry("channels")
"""Name (stored with each delivery) -> channel. Filled in `AppConfig.ready()`."""

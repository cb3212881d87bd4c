"""What a channel is, and the three ways in which one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from opsportal.accounts.models import User
from opsportal.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a channel sends. `link` is a complete address, `""` where the message leads nowhere.

    The others are a page's: `ack_link` and `ack_token` acknowledge it (`""` where nobody can),
    `recipient` names the person it is for, `reference` what it is about, `secrets` sign what is sent to
    a program, `now` is when it is handed over (aware UTC).
    """

    delivery_id: UUID
    address: str = field(repr=False)
    subject: str
    body: str
    link: str
    urgent: bool
    created_at: datetime
    correlation_id: str
    ack_link: str = field(default="", repr=False)
    ack_token: str = field(default="", repr=False)
    recipient: str = ""
    reference: str = ""
    about: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    now: datetime | None = None


class SendError(Exception):
    """Base of what a channel raises. `code` says why without naming anybody: it is stored and shown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RefusedError(SendError):
    """This message will never get through: it is given up at once."""


class AddressRefusedError(RefusedError):
    """Nothing will ever get through to this address: nobody is reached by it any more."""


class TryAgainError(SendError):
    """This message did not get through now; it may later.

    With `slow` the other side let us wait: this message has had its try, and the others leave the channel
    in peace for a while rather than wait as long, one after the other.
    """

    def __init__(self, code: str, *, slow: bool = False) -> None:
        super().__init__(code)
        self.slow = slow


class ChannelAwayError(SendError):
    """Nothing gets through at present. Not this message's fault, so it costs it no try.

    `retry_after` is how long the other side asked to be left in peace.
    """

    def __init__(self, code: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Sender(Protocol):
    """What hands a message over."""

    title: str

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str | None:
        """Send, in less than 40 s from `before_hand_over` on, or raise one of the three errors.

        Call `before_hand_over` once all is prepared and the next step cannot be taken back: it makes
        sure that the message is still ours to send, and raises (let it pass) where it is not. Return
        the name under which the other side took it, where it gives one: the receipt of the ledger.
        """


class Channel(Sender, Protocol):
    """A way on which news come to everybody who has an account."""

    def address_of(self, user: User) -> str:
        """Return where to reach `user`, `""` where they cannot be reached this way."""


class Way(Sender, Protocol):
    """A way on which pages come: to an address that a person verified, or that an administrator set up.

    `own_circuit` says whether a failure tells something of that one receiver only (their own server)
    or of all (the provider). `tries` is after how many failed tries a message is given up.
    """

    hint: str
    for_people: bool
    for_targets: bool
    own_circuit: bool
    tries: int

    def clean(self, address: object) -> str:
        """Return the address as it is stored. Raises `InvalidInput` where nothing can be sent there."""

    def is_configured(self) -> bool:
        """Return whether the settings hold what this way needs."""


channels: Registry[Channel] = Registry("channels")
"""Name (stored with each delivery) -> channel. Filled in `AppConfig.ready()`."""

ways: Registry[Way] = Registry("ways to reach people")
"""Kind of a contact method or target (stored with each delivery of a page) -> way."""

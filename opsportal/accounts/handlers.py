"""Outbox topics that this app reacts to."""

from __future__ import annotations

from opsportal.accounts.services.passwords import (
    RESET_REQUESTED,
    WELCOME_WANTED,
    reset_link_send,
    welcome_send,
)
from opsportal.outbox.topics import Message, on


def _send_reset_link(message: Message) -> None:
    reset_link_send(user_id=str(message.payload["user"]))


def _welcome(message: Message) -> None:
    welcome_send(user_id=str(message.payload["user"]))


def register() -> None:
    """Register the handlers; called once, by this app's AppConfig."""
    on(RESET_REQUESTED, "accounts.reset_link", _send_reset_link)
    on(WELCOME_WANTED, "accounts.welcome", _welcome)

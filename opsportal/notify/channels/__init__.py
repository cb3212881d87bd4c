"""Channels: the ways in which a notification reaches somebody outside the portal."""

from opsportal.notify.channels.base import (
    Channel,
    ChannelAwayError,
    Envelope,
    RefusedError,
    SendError,
    TryAgainError,
    channels,
)

__all__ = [
    "Channel",
    "ChannelAwayError",
    "Envelope",
    "RefusedError",
    "SendError",
    "TryAgainError",
    "channels",
]

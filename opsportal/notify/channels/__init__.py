"""Channels: the ways in which a notification reaches somebody outside the portal."""

from opsportal.notify.channels.base import (
    AddressRefusedError,
    Channel,
    ChannelAwayError,
    Envelope,
    RefusedError,
    Sender,
    SendError,
    TryAgainError,
    Way,
    channels,
    ways,
)

__all__ = [
    "AddressRefusedError",
    "Channel",
    "ChannelAwayError",
    "Envelope",
    "RefusedError",
    "SendError",
    "Sender",
    "TryAgainError",
    "Way",
    "channels",
    "ways",
]

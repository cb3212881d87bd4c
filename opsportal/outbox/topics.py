"""Who wants to hear of what. Registered in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Message:
    """What a handler gets. `now` (aware UTC) is when it is handled; `id` is the same at every repeat."""

    topic: str
    payload: Mapping[str, Any]
    now: datetime
    correlation_id: str
    id: UUID


Handler = Callable[[Message], None]
_handlers: dict[str, dict[str, Handler]] = {}


def on(topic: str, name: str, handler: Handler) -> None:
    """Let `handler` hear of `topic` under the lasting name `name` (`notify.reminder`).

    The name is stored with each message: renaming a handler strands what waits for it. The handler
    runs inside the transaction that marks the message as done, at least once, so it only writes to
    the database and is quick; whatever it raises rolls its own writes back and is tried again later.
    Raises `ValueError` where the name is taken by another handler of this topic.
    """
    if _handlers.setdefault(topic, {}).setdefault(name, handler) is not handler:
        raise ValueError(f"topic '{topic}' has a handler '{name}' already")


def handler_names(topic: str) -> tuple[str, ...]:
    """Return the names of those who hear of `topic`, in order of registration."""
    return tuple(_handlers.get(topic, ()))


def handler_of(topic: str, name: str) -> Handler:
    """Return the handler. Raises `LookupError` where this version of the program has none."""
    try:
        return _handlers[topic][name]
    except KeyError:
        raise LookupError(f"no handler '{name}' for topic '{topic}'") from None


def names() -> list[str]:
    """Return every topic that somebody hears of, sorted."""
    return sorted(_handlers)

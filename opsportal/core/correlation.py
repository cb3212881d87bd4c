"""The correlation id: taken or made at the edge, on every line, row and task that a request caused."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Correlation-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_current: ContextVar[str] = ContextVar("correlation_id", default="")


def new_correlation_id() -> str:
    return uuid.uuid4().hex


def accepted_or_new(candidate: str | None) -> str:
    """Return the caller's id where it is harmless in a log line and a header, else a new one."""
    return candidate if candidate and _ACCEPTED.fullmatch(candidate) else new_correlation_id()


def correlation_id() -> str:
    """Return the id in force here, `""` outside of any request or task."""
    return _current.get()


@contextmanager
def correlated(identifier: str) -> Iterator[str]:
    """Put `identifier` in force for the block, and what was before it back afterwards."""
    token = _current.set(identifier)
    try:
        yield identifier
    finally:
        _current.reset(token)

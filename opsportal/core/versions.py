"""Optimistic locking: a write that rests on an old reading is refused."""

from __future__ import annotations

from typing import Protocol

from opsportal.core.errors import Stale


class Versioned(Protocol):
    """Anything with a version that each write raises by one."""

    version: int


def require_version(subject: Versioned, expected: int | None) -> None:
    """Raise `Stale` where `subject`, read under lock, is not at the version that the caller saw.

    None means that the caller does not mind.
    """
    if expected is not None and subject.version != expected:
        raise Stale(
            f"It is at version {subject.version} by now, not {expected}. Read it again, then repeat this."
        )

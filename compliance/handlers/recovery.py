"""Topics that this app reacts to: recovery."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

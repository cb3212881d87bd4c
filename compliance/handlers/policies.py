"""Topics that this app reacts to: policies."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

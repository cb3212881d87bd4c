"""Who may do what: core."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

"""Who may do what: reports."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

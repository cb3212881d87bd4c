"""What other pages may show of compliance: measures."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

"""What other pages may show of compliance: governance."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

"""What other pages may show of compliance: recovery."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

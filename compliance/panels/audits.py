"""What other pages may show of compliance: audits."""

from __future__ import annotations


def register() -> None:
    """Register what is of this area."""

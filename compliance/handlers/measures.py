"""Ticks and audit actions of measures."""

from __future__ import annotations

from opsportal.audit.actions import register_all


def register() -> None:
    """Register what is of this area."""
    register_all(
        {
            "measurements.added": "delivered measurements",
        }
    )

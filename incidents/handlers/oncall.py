"""What on-call schedules leave in the audit trail."""

from __future__ import annotations

from opsportal.audit.actions import register_all


def register() -> None:
    """Register the audit actions of this area."""
    register_all(
        {
            "schedule.created": "wrote the schedule",
            "schedule.revised": "changed the schedule",
            "schedule.retired": "retired the schedule",
            "override.created": "made an exception from the schedule",
            "override.cancelled": "cancelled an exception from the schedule",
        }
    )

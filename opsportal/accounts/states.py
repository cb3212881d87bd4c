"""State machines of this app: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

SERVICE_ACCOUNT = Machine(
    subject="service account",
    initial="active",
    names={"active": "Active", "disabled": "Disabled"},
    moves={
        ("active", "disable"): "disabled",
        ("disabled", "enable"): "active",
    },
)

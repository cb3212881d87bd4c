"""State machines of this app: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

SERVICE = Machine(
    subject="service",
    initial="active",
    names={"active": "Active", "retired": "Retired"},
    moves={
        ("active", "retire"): "retired",
        ("retired", "reinstate"): "active",
    },
)

PROVIDER = Machine(
    subject="provider",
    initial="active",
    names={"active": "Active", "retired": "Retired"},
    moves={
        ("active", "retire"): "retired",
        ("retired", "reinstate"): "active",
    },
)

"""State machines of this app: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

WINDOW = Machine(
    subject="maintenance window",
    initial="active",
    names={"active": "In use", "retired": "Retired"},
    moves={
        ("active", "retire"): "retired",
        ("retired", "reinstate"): "active",
    },
)

FREEZE = Machine(
    subject="freeze",
    initial="set",
    names={"set": "Set", "lifted": "Lifted"},
    moves={("set", "lift"): "lifted"},
)

FEED = Machine(
    subject="feed",
    initial="active",
    names={"active": "In use", "revoked": "Revoked"},
    moves={("active", "revoke"): "revoked"},
)

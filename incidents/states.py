"""State machines of this app: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

INCIDENT = Machine(
    subject="incident",
    initial="triggered",
    names={
        "triggered": "Triggered",
        "acknowledged": "Acknowledged",
        "mitigated": "Mitigated",
        "resolved": "Resolved",
        "merged": "Merged",
    },
    moves={
        ("triggered", "acknowledge"): "acknowledged",
        ("triggered", "mitigate"): "mitigated",
        ("triggered", "resolve"): "resolved",
        ("triggered", "merge"): "merged",
        # Whoever acknowledged it has been silent for too long: it is nobody's again.
        ("acknowledged", "lapse"): "triggered",
        ("acknowledged", "mitigate"): "mitigated",
        ("acknowledged", "resolve"): "resolved",
        ("acknowledged", "merge"): "merged",
        # The remedy did not hold: people are at it already.
        ("mitigated", "reopen"): "acknowledged",
        ("mitigated", "resolve"): "resolved",
        ("mitigated", "merge"): "merged",
        ("resolved", "reopen"): "triggered",
    },
)

OPEN = ("triggered", "acknowledged", "mitigated")
"""The states in which somebody has work with it."""

TASK = Machine(
    subject="task",
    initial="open",
    names={"open": "Open", "done": "Done", "dropped": "Dropped"},
    moves={
        ("open", "finish"): "done",
        ("open", "drop"): "dropped",
        ("done", "reopen"): "open",
        ("dropped", "reopen"): "open",
    },
)

WATCH = Machine(
    subject="watch",
    initial="watching",
    names={"watching": "Watching", "muted": "Muted"},
    moves={("watching", "mute"): "muted", ("muted", "watch"): "watching"},
)

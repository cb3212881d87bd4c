"""State machines of what is measured and promised. One table each."""

from __future__ import annotations

from opsportal.core.machine import Machine

STANDING = Machine(
    subject="target",
    initial="active",
    names={"active": "Active", "retired": "Retired"},
    moves={("active", "edit"): "active", ("active", "retire"): "retired"},
)
"""Of objectives, cost budgets and capacity plans: they hold until somebody retires them."""

PULL = Machine(
    subject="source",
    initial="active",
    names={"active": "Active", "paused": "Paused"},
    moves={
        ("active", "edit"): "active",
        ("active", "pause"): "paused",
        ("paused", "edit"): "paused",
        ("paused", "resume"): "active",
    },
)

REPORT_MAIL = Machine(
    subject="report mail",
    initial="waiting",
    names={"waiting": "Waiting", "sent": "Sent", "failed": "Failed", "skipped": "Skipped"},
    moves={
        ("waiting", "finish"): "sent",
        ("waiting", "give_up"): "failed",
        ("waiting", "skip"): "skipped",
    },
)

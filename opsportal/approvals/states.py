"""State machines of approval requests and their stages: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

REQUEST = Machine(
    subject="approval request",
    initial="open",
    names={"open": "Open", "approved": "Approved", "rejected": "Rejected", "void": "Void"},
    moves={
        ("open", "approve"): "approved",
        ("open", "reject"): "rejected",
        ("open", "void"): "void",
        ("approved", "void"): "void",
        ("rejected", "void"): "void",
    },
)

STAGE = Machine(
    subject="stage",
    initial="waiting",
    names={
        "waiting": "Waits for the stage before it",
        "open": "Open",
        "approved": "Approved",
        "rejected": "Rejected",
        "void": "Not decided",
    },
    moves={
        ("waiting", "open"): "open",
        ("waiting", "void"): "void",
        ("open", "approve"): "approved",
        ("open", "reject"): "rejected",
        ("open", "void"): "void",
    },
)

CONDITION = Machine(
    subject="condition",
    initial="open",
    names={
        "open": "To be met",
        "done": "Done, to be confirmed",
        "confirmed": "Confirmed",
        "withdrawn": "Withdrawn",
        "void": "Void",
    },
    moves={
        ("open", "do"): "done",
        ("open", "withdraw"): "withdrawn",
        ("open", "void"): "void",
        ("done", "confirm"): "confirmed",
        ("done", "return"): "open",
        ("done", "withdraw"): "withdrawn",
        ("done", "void"): "void",
        ("confirmed", "void"): "void",
    },
)

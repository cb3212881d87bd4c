"""The lives of a control, of an exception, and of a piece of evidence. Pure."""

from opsportal.core.machine import Machine

CONTROL = Machine(
    subject="control",
    initial="active",
    names={"active": "Active", "retired": "Retired"},
    moves={
        ("active", "edit"): "active",
        ("active", "review"): "active",
        ("active", "retire"): "retired",
        ("retired", "reinstate"): "active",
    },
)

EXCEPTION = Machine(
    subject="exception",
    initial="requested",
    names={
        "requested": "Requested",
        "approved": "Approved",
        "rejected": "Rejected",
        "withdrawn": "Withdrawn",
        "expired": "Expired",
        "revoked": "Revoked",
    },
    moves={
        ("requested", "approve"): "approved",
        ("requested", "reject"): "rejected",
        ("requested", "withdraw"): "withdrawn",
        ("approved", "expire"): "expired",
        ("approved", "revoke"): "revoked",
    },
)

EVIDENCE = Machine(
    subject="evidence",
    initial="standing",
    names={"standing": "Standing", "withdrawn": "Withdrawn"},
    moves={
        ("standing", "revise"): "standing",
        ("standing", "map"): "standing",
        ("standing", "withdraw"): "withdrawn",
    },
)

REQUIREMENT = Machine(
    subject="requirement",
    initial="current",
    names={"current": "Current", "dropped": "No longer in the framework"},
    moves={
        ("current", "keep"): "current",
        ("current", "drop"): "dropped",
        ("dropped", "keep"): "current",
    },
)

"""State machines of changes, templates, deployments and meetings: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

CHANGE = Machine(
    subject="change",
    initial="draft",
    names={
        "draft": "Draft",
        "in_review": "In review",
        "approved": "Approved",
        "scheduled": "Scheduled",
        "implementing": "Implementing",
        "implemented": "Implemented",
        "failed": "Failed",
        "rolled_back": "Rolled back",
        "closed": "Closed",
        "rejected": "Rejected",
        "cancelled": "Cancelled",
    },
    moves={
        ("draft", "revise"): "draft",
        ("draft", "submit"): "in_review",
        ("draft", "cancel"): "cancelled",
        ("in_review", "approve"): "approved",
        ("in_review", "reject"): "rejected",
        ("in_review", "withdraw"): "draft",
        ("in_review", "revise"): "draft",
        ("in_review", "cancel"): "cancelled",
        # Ahead of its approval, where the standard permits it for this change.
        ("in_review", "start"): "implementing",
        ("approved", "schedule"): "scheduled",
        ("approved", "start"): "implementing",
        ("approved", "withdraw"): "draft",
        ("approved", "revise"): "draft",
        ("approved", "cancel"): "cancelled",
        ("scheduled", "start"): "implementing",
        ("scheduled", "withdraw"): "draft",
        ("scheduled", "revise"): "draft",
        ("scheduled", "cancel"): "cancelled",
        ("rejected", "revise"): "draft",
        ("rejected", "cancel"): "cancelled",
        ("implementing", "complete"): "implemented",
        ("implementing", "fail"): "failed",
        ("failed", "roll_back"): "rolled_back",
        ("failed", "close"): "closed",
        ("implemented", "close"): "closed",
        ("rolled_back", "close"): "closed",
    },
    told={"roll_back": "roll-back", "revise": "edit"},
    seldom=frozenset({("in_review", "start")}),
)

BEFORE_IMPLEMENTATION = frozenset({"draft", "in_review", "approved", "scheduled", "rejected"})
"""The states in which the content of a change can still be revised."""

OVER = frozenset({"implemented", "failed", "rolled_back"})
"""The states in which the implementation has ended, and the change is reviewed and closed."""

HOLDABLE = frozenset({"in_review", "approved", "scheduled", "implementing"})
"""The states in which there is something to stop."""

RETROSPECTIVE = Machine(
    subject="retrospective approval",
    initial="none",
    names={
        "none": "Not retrospective",
        "open": "Retrospective approval is open",
        "approved": "Approved in retrospect",
        "rejected": "Rejected in retrospect",
        "answered": "Objection answered",
        "accepted": "Answer accepted",
    },
    moves={
        ("none", "start"): "open",
        ("open", "approve"): "approved",
        ("open", "reject"): "rejected",
        # The board's objection is answered, and the board says whether that is enough.
        ("rejected", "answer"): "answered",
        ("answered", "answer"): "answered",
        ("answered", "accept"): "accepted",
        ("answered", "uphold"): "rejected",
    },
)

TEMPLATE = Machine(
    subject="template",
    initial="draft",
    names={
        "draft": "Draft",
        "in_review": "In review",
        "approved": "Approved",
        "rejected": "Rejected",
        "retired": "Retired",
    },
    moves={
        ("draft", "revise"): "draft",
        ("draft", "submit"): "in_review",
        ("draft", "retire"): "retired",
        ("in_review", "approve"): "approved",
        ("in_review", "reject"): "rejected",
        ("in_review", "withdraw"): "draft",
        ("in_review", "revise"): "draft",
        ("rejected", "revise"): "draft",
        ("rejected", "retire"): "retired",
        ("approved", "revise"): "draft",
        ("approved", "retire"): "retired",
    },
)

BREAK_GLASS = Machine(
    subject="break-glass request",
    initial="asked",
    names={
        "asked": "Asked for",
        "in_force": "In force",
        "ended": "Ended",
        "refused": "Refused",
        "expired": "Expired",
        "revoked": "Revoked",
    },
    moves={
        ("asked", "confirm"): "in_force",
        ("asked", "refuse"): "refused",
        ("asked", "revoke"): "revoked",
        # Nobody confirmed it in time.
        ("asked", "expire"): "expired",
        # Its time is up.
        ("in_force", "end"): "ended",
        ("in_force", "revoke"): "revoked",
    },
)

MEETING = Machine(
    subject="meeting",
    initial="planned",
    names={"planned": "Planned", "held": "Held", "cancelled": "Cancelled"},
    moves={
        # What is written for it, or decided in it, leaves it planned until its minutes are closed.
        ("planned", "edit"): "planned",
        ("planned", "decide"): "planned",
        ("planned", "close"): "held",
        ("planned", "cancel"): "cancelled",
    },
)

WATCH = Machine(
    subject="watch",
    initial="watching",
    names={"watching": "Watching", "muted": "Muted"},
    moves={("watching", "mute"): "muted", ("muted", "watch"): "watching"},
)

DEPLOYMENT = Machine(
    subject="deployment",
    initial="registered",
    names={
        "registered": "Registered",
        "deploying": "Deploying",
        "verified": "Verified",
        "succeeded": "Succeeded",
        "failed": "Failed",
        "rolled_back": "Rolled back",
    },
    moves={
        ("registered", "started"): "deploying",
        ("registered", "failed"): "failed",
        ("deploying", "rollout"): "deploying",
        ("deploying", "verified"): "verified",
        ("deploying", "succeeded"): "succeeded",
        ("deploying", "failed"): "failed",
        ("deploying", "rolled_back"): "rolled_back",
        ("verified", "rollout"): "verified",
        ("verified", "succeeded"): "succeeded",
        ("verified", "failed"): "failed",
        ("verified", "rolled_back"): "rolled_back",
        ("succeeded", "rolled_back"): "rolled_back",
        ("failed", "rolled_back"): "rolled_back",
    },
)

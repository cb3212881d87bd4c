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
        # Its monitor says that it goes on, and nobody has seen that yet.
        ("mitigated", "flare_up"): "triggered",
        ("mitigated", "resolve"): "resolved",
        ("mitigated", "merge"): "merged",
        ("resolved", "reopen"): "triggered",
    },
    # The portal makes these by itself.
    seldom=frozenset({("acknowledged", "lapse"), ("mitigated", "flare_up")}),
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

ALERT = Machine(
    subject="alert",
    initial="firing",
    names={"firing": "Firing", "resolved": "Resolved"},
    moves={("firing", "resolve"): "resolved"},
)

HANDLING = Machine(
    subject="handling of an alert",
    initial="waiting",
    names={
        "waiting": "Waits for its route",
        "suppressed": "Suppressed",
        "responded": "In an incident",
        "kept": "Kept, nobody is told",
    },
    moves={
        ("waiting", "suppress"): "suppressed",
        ("waiting", "respond"): "responded",
        ("waiting", "keep"): "kept",
        # The announced work is over, or goes on longer than it was announced.
        ("suppressed", "suppress"): "suppressed",
        ("suppressed", "respond"): "responded",
        ("suppressed", "keep"): "kept",
    },
)

INTEGRATION = Machine(
    subject="integration",
    initial="on",
    names={"on": "On", "off": "Switched off"},
    moves={("on", "switch_off"): "off", ("off", "switch_on"): "on"},
)

TOKEN = Machine(
    subject="token",
    initial="live",
    names={"live": "In use", "revoked": "Revoked"},
    moves={("live", "revoke"): "revoked"},
)

ROUTE = Machine(
    subject="route",
    initial="active",
    names={"active": "In use", "retired": "Retired"},
    moves={("active", "retire"): "retired", ("retired", "reinstate"): "active"},
)

CHECK = Machine(
    subject="heartbeat check",
    initial="new",
    names={"new": "Never pinged", "up": "Up", "down": "Down", "paused": "Paused"},
    moves={
        ("new", "ping"): "up",
        ("up", "ping"): "up",
        ("down", "ping"): "up",
        ("up", "miss"): "down",
        ("new", "pause"): "paused",
        ("up", "pause"): "paused",
        ("down", "pause"): "paused",
        # Its first ping after that starts the clock again.
        ("paused", "resume"): "new",
    },
)

SCHEDULE = Machine(
    subject="schedule",
    initial="active",
    names={"active": "In use", "retired": "Retired"},
    moves={("active", "retire"): "retired"},
)

OVERRIDE = Machine(
    subject="override",
    initial="standing",
    names={"standing": "Standing", "cancelled": "Cancelled"},
    moves={("standing", "cancel"): "cancelled"},
)

POLICY = Machine(
    subject="escalation policy",
    initial="active",
    names={"active": "In use", "retired": "Retired"},
    moves={("active", "retire"): "retired", ("retired", "reinstate"): "active"},
)

ESCALATION = Machine(
    subject="escalation",
    initial="running",
    names={
        "running": "Telling people",
        "held": "Waiting for working hours",
        "acknowledged": "Acknowledged",
        "exhausted": "Everybody was told",
        "stopped": "Over",
    },
    moves={
        ("running", "take"): "running",
        ("running", "hold"): "held",
        ("held", "take"): "running",
        ("running", "exhaust"): "exhausted",
        ("running", "acknowledge"): "acknowledged",
        ("held", "acknowledge"): "acknowledged",
        ("exhausted", "acknowledge"): "acknowledged",
        # Somebody else says so too, or the same person again: it holds from then on.
        ("acknowledged", "acknowledge"): "acknowledged",
        ("acknowledged", "lapse"): "running",
        # A person wants the next ones told now.
        ("running", "raise"): "running",
        ("held", "raise"): "running",
        ("acknowledged", "raise"): "running",
        ("exhausted", "raise"): "running",
        # It is graver now, and others have to be told.
        ("running", "replan"): "running",
        ("held", "replan"): "running",
        ("exhausted", "replan"): "running",
        ("running", "stop"): "stopped",
        ("held", "stop"): "stopped",
        ("acknowledged", "stop"): "stopped",
        ("exhausted", "stop"): "stopped",
    },
)

SWAP = Machine(
    subject="swap",
    initial="open",
    names={
        "open": "Open",
        "taken": "Taken",
        "withdrawn": "Withdrawn",
        "undone": "Undone",
        "lapsed": "Nobody took it",
    },
    moves={
        ("open", "take"): "taken",
        ("open", "withdraw"): "withdrawn",
        ("open", "lapse"): "lapsed",
        ("taken", "undo"): "undone",
    },
)

SHADOW = Machine(
    subject="shadowing",
    initial="standing",
    names={"standing": "Shadows", "ended": "Ended"},
    moves={("standing", "end"): "ended"},
)

HANDOVER = Machine(
    subject="handover",
    initial="open",
    names={
        "open": "Open",
        "given": "Signed by who goes off call",
        "received": "Signed by who comes on call",
        "complete": "Complete",
        "cancelled": "Cancelled",
    },
    moves={
        ("open", "give"): "given",
        ("open", "receive"): "received",
        ("given", "receive"): "complete",
        ("received", "give"): "complete",
        # The roster changed: it does not take place, or not between these two.
        ("open", "cancel"): "cancelled",
        ("given", "cancel"): "cancelled",
        ("received", "cancel"): "cancelled",
    },
)
"""Both sign, in any order."""


RESPONSE = Machine(
    subject="automated response",
    initial="waiting",
    names={
        "waiting": "Waiting whether it lasts",
        "running": "Under way",
        "done": "Done",
        "failed": "Failed",
        "late": "Late",
        "stopped": "Stopped",
    },
    moves={
        ("waiting", "begin"): "running",
        ("running", "finish"): "done",
        ("running", "fail"): "failed",
        ("running", "overrun"): "late",
        ("waiting", "stop"): "stopped",
        ("running", "stop"): "stopped",
    },
)

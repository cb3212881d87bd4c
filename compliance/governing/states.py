"""The lives of what governance keeps: one table each. Pure."""

from opsportal.core.machine import Machine

ACCESS_REVIEW = Machine(
    subject="access review",
    initial="open",
    names={"open": "Open", "completed": "Completed", "cancelled": "Cancelled"},
    moves={
        ("open", "decide"): "open",
        ("open", "complete"): "completed",
        ("open", "cancel"): "cancelled",
    },
)

HOLDING = Machine(
    subject="holding",
    initial="undecided",
    names={
        "undecided": "Not decided",
        "confirmed": "Confirmed",
        "revoked": "Taken away",
        "ended": "Over by itself",
    },
    moves={
        ("undecided", "confirm"): "confirmed",
        ("undecided", "revoke"): "revoked",
        ("undecided", "end"): "ended",
        # A yes may become a no until the review is completed; what was taken away is granted anew elsewhere.
        ("confirmed", "revoke"): "revoked",
    },
)

CHECKLIST = Machine(
    subject="checklist",
    initial="in_use",
    names={"in_use": "In use", "retired": "Retired"},
    moves={
        ("in_use", "edit"): "in_use",
        ("in_use", "retire"): "retired",
        ("retired", "restore"): "in_use",
    },
)

RUN = Machine(
    subject="checklist",
    initial="open",
    names={"open": "Open", "signed": "Signed"},
    moves={("open", "answer"): "open", ("open", "sign"): "signed"},
)

TRAINING = Machine(
    subject="training",
    initial="planned",
    names={"planned": "Planned", "held": "Held", "cancelled": "Cancelled"},
    moves={
        ("planned", "edit"): "planned",
        ("planned", "hold"): "held",
        ("planned", "cancel"): "cancelled",
        # Who came late to the list is added; what was held stays held.
        ("held", "attend"): "held",
        ("planned", "attend"): "planned",
    },
)

VULNERABILITY = Machine(
    subject="vulnerability",
    initial="open",
    names={
        "open": "Open",
        "fixed": "Fixed",
        "verified": "Fixed and verified",
        "accepted": "Risk accepted",
        "false_positive": "False positive",
    },
    moves={
        ("open", "fix"): "fixed",
        ("fixed", "verify"): "verified",
        ("open", "accept"): "accepted",
        ("open", "dismiss"): "false_positive",
        ("fixed", "reopen"): "open",
        ("verified", "reopen"): "open",
        ("accepted", "reopen"): "open",
        ("accepted", "fix"): "fixed",
        ("false_positive", "reopen"): "open",
    },
)
UNFIXED = ("open",)

PERSON_REQUEST = Machine(
    subject="request",
    initial="received",
    names={
        "received": "Received",
        "identified": "Identity checked",
        "answered": "Answered",
        "refused": "Refused",
        "withdrawn": "Withdrawn",
    },
    moves={
        ("received", "identify"): "identified",
        ("received", "extend"): "received",
        ("identified", "extend"): "identified",
        ("identified", "answer"): "answered",
        ("identified", "erase"): "identified",
        ("received", "refuse"): "refused",
        ("identified", "refuse"): "refused",
        ("received", "withdraw"): "withdrawn",
        ("identified", "withdraw"): "withdrawn",
    },
)
REQUEST_OPEN = ("received", "identified")

IMPROVEMENT = Machine(
    subject="improvement",
    initial="planned",
    names={"planned": "Planned", "in_progress": "In progress", "done": "Done", "dropped": "Dropped"},
    moves={
        ("planned", "edit"): "planned",
        ("in_progress", "edit"): "in_progress",
        ("planned", "start"): "in_progress",
        ("planned", "finish"): "done",
        ("in_progress", "finish"): "done",
        ("planned", "drop"): "dropped",
        ("in_progress", "drop"): "dropped",
        ("done", "reopen"): "in_progress",
        ("dropped", "reopen"): "planned",
    },
)
IMPROVEMENT_OWED = ("planned", "in_progress")

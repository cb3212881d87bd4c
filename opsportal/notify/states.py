"""The life of one delivery, and of one digest."""

from opsportal.core.machine import Machine

DELIVERY = Machine(
    subject="delivery",
    initial="waiting",
    names={
        "waiting": "Waiting",
        "sent": "Sent",
        "dead": "Given up",
        "skipped": "Not needed any more",
        "dismissed": "Dismissed",
    },
    moves={
        ("waiting", "finish"): "sent",
        ("waiting", "give_up"): "dead",
        ("waiting", "skip"): "skipped",
        ("dead", "retry"): "waiting",
        ("dead", "dismiss"): "dismissed",
    },
)

DIGEST = Machine(
    subject="digest",
    initial="gathering",
    names={
        "gathering": "Gathering",
        "closed": "Closed and handed to its channel",
        "empty": "Nothing was left to tell",
    },
    moves={("gathering", "close"): "closed", ("gathering", "drop"): "empty"},
)

"""The life of one delivery."""

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

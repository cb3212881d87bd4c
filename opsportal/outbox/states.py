"""The life of one message for one handler."""

from opsportal.core.machine import Machine

MESSAGE = Machine(
    subject="message",
    initial="waiting",
    names={"waiting": "Waiting", "done": "Done", "dead": "Given up", "dismissed": "Dismissed"},
    moves={
        ("waiting", "finish"): "done",
        ("waiting", "give_up"): "dead",
        ("dead", "retry"): "waiting",
        ("dead", "dismiss"): "dismissed",
    },
)

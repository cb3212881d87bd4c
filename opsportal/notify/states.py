"""The life of a delivery, a digest, a page, a contact method and a channel target."""

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

PAGE = Machine(
    subject="page",
    initial="paging",
    names={
        "paging": "Waiting for an answer",
        "acknowledged": "Acknowledged",
        "stopped": "Stopped, it was settled otherwise",
        "superseded": "A newer page took over",
        "failed": "Nothing got through",
    },
    moves={
        ("paging", "acknowledge"): "acknowledged",
        ("failed", "acknowledge"): "acknowledged",
        ("paging", "stop"): "stopped",
        ("failed", "stop"): "stopped",
        ("paging", "supersede"): "superseded",
        ("paging", "fail"): "failed",
    },
)

METHOD = Machine(
    subject="contact method",
    initial="unverified",
    names={
        "unverified": "Not verified yet",
        "verified": "Verified",
        "failed": "Does not work",
        "removed": "Removed",
    },
    moves={
        ("unverified", "verify"): "verified",
        ("failed", "verify"): "verified",
        ("verified", "fail"): "failed",
        ("unverified", "remove"): "removed",
        ("verified", "remove"): "removed",
        ("failed", "remove"): "removed",
    },
)

TARGET = Machine(
    subject="channel target",
    initial="on",
    names={"on": "In use", "off": "Switched off"},
    moves={("on", "switch_off"): "off", ("off", "switch_on"): "on"},
)

"""The lives of an audit and of what it leaves behind. Pure."""

from opsportal.core.machine import Machine

PROGRAMME = Machine(
    subject="programme entry",
    initial="active",
    names={"active": "Active", "retired": "Retired"},
    moves={("active", "edit"): "active", ("active", "retire"): "retired", ("retired", "resume"): "active"},
)

AUDIT = Machine(
    subject="audit",
    initial="planned",
    names={
        "planned": "Planned",
        "fieldwork": "Fieldwork",
        "reporting": "Reporting",
        "closed": "Closed",
        "cancelled": "Cancelled",
    },
    moves={
        ("planned", "edit"): "planned",
        ("fieldwork", "edit"): "fieldwork",
        ("reporting", "edit"): "reporting",
        ("planned", "begin"): "fieldwork",
        ("fieldwork", "report"): "reporting",
        # What the report needs and is not there is looked at again.
        ("reporting", "resume"): "fieldwork",
        ("reporting", "close"): "closed",
        ("planned", "cancel"): "cancelled",
        ("fieldwork", "cancel"): "cancelled",
        ("reporting", "cancel"): "cancelled",
    },
)
UNDER_WAY = ("planned", "fieldwork", "reporting")
TAKEN_IN: dict[str, tuple[str, ...]] = {
    "team": UNDER_WAY,
    "guest": UNDER_WAY,
    "test": ("planned", "fieldwork"),
    "result": ("fieldwork",),
    "freeze": ("fieldwork",),
    "draw": ("fieldwork",),
    "item": ("fieldwork",),
    "request": ("fieldwork",),
    "finding": ("fieldwork", "reporting"),
    "issue": ("reporting",),
}
"""In which states of the audit its steps can be taken."""

FINDING = Machine(
    subject="finding",
    initial="draft",
    names={
        "draft": "Draft",
        "reported": "Reported",
        "accepted": "Accepted",
        "disputed": "Disputed",
        "remediating": "Being put right",
        "verified": "Verified",
        "closed": "Closed",
        "withdrawn": "Withdrawn",
    },
    moves={
        ("draft", "edit"): "draft",
        ("draft", "report"): "reported",
        ("draft", "withdraw"): "withdrawn",
        ("reported", "accept"): "accepted",
        ("reported", "dispute"): "disputed",
        ("disputed", "uphold"): "reported",
        ("disputed", "accept"): "accepted",
        ("disputed", "withdraw"): "withdrawn",
        ("accepted", "remediate"): "remediating",
        ("remediating", "remediate"): "remediating",
        ("accepted", "verify"): "verified",
        ("remediating", "verify"): "verified",
        ("verified", "close"): "closed",
        ("verified", "reopen"): "remediating",
        ("closed", "reopen"): "remediating",
    },
)
OPEN_FINDINGS = ("reported", "accepted", "disputed", "remediating")
TOLD = ("reported", "accepted", "disputed", "remediating", "verified", "closed")
"""The states in which a finding is known outside of the audit's team."""

ACTION = Machine(
    subject="corrective action",
    initial="open",
    names={"open": "Open", "done": "Done", "verified": "Verified", "dropped": "Dropped"},
    moves={
        ("open", "edit"): "open",
        ("open", "finish"): "done",
        ("done", "verify"): "verified",
        ("done", "return"): "open",
        ("open", "drop"): "dropped",
    },
)

REQUEST = Machine(
    subject="evidence request",
    initial="open",
    names={"open": "Open", "answered": "Answered", "accepted": "Accepted", "cancelled": "Cancelled"},
    moves={
        ("open", "answer"): "answered",
        ("answered", "accept"): "accepted",
        ("answered", "return"): "open",
        ("open", "cancel"): "cancelled",
        ("answered", "cancel"): "cancelled",
    },
)

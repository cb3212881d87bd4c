"""The lives of a postmortem and of an action item. Pure."""

from opsportal.core.machine import Machine

POSTMORTEM = Machine(
    subject="postmortem",
    initial="draft",
    names={"draft": "Draft", "in_review": "In review", "published": "Published", "waived": "Waived"},
    moves={
        ("draft", "edit"): "draft",
        ("draft", "submit"): "in_review",
        ("draft", "waive"): "waived",
        ("in_review", "return"): "draft",
        ("in_review", "publish"): "published",
        # What was published stays as it was; a correction is published beside it.
        ("published", "correct"): "draft",
        ("waived", "write"): "draft",
    },
)

ACTION = Machine(
    subject="action item",
    initial="open",
    names={
        "open": "Open",
        "in_progress": "In progress",
        "done": "Done",
        "verified": "Verified",
        "dropped": "Dropped",
    },
    moves={
        ("open", "edit"): "open",
        ("in_progress", "edit"): "in_progress",
        ("open", "start"): "in_progress",
        ("open", "finish"): "done",
        ("in_progress", "finish"): "done",
        ("open", "drop"): "dropped",
        ("in_progress", "drop"): "dropped",
        ("done", "verify"): "verified",
        ("done", "reopen"): "in_progress",
        ("dropped", "reopen"): "open",
    },
)

OWED = ("open", "in_progress")
"""The states in which somebody still has to do it."""
COMPLETE = ("done", "verified")

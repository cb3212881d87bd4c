"""What learning registers: facts and audit actions."""

from __future__ import annotations

from incidents.learning.facts import DECLARATIONS
from opsportal.audit.actions import register_all
from opsportal.standards import vocabulary


def register() -> None:
    """Register what is of postmortems and action items; called once, when the app is ready."""
    vocabulary.declare(*DECLARATIONS)
    register_all(
        {
            "postmortem.started": "began the postmortem",
            "postmortem.edited": "edited the postmortem",
            "postmortem.submitted": "handed the postmortem in for review",
            "postmortem.returned": "gave the postmortem back",
            "postmortem.published": "published the postmortem",
            "postmortem.opened_again": "opened the postmortem again",
            "postmortem.waived": "waived the postmortem",
            "action_item.opened": "opened the action item",
            "action_item.edited": "edited the action item",
            "action_item.started": "began with the action item",
            "action_item.done": "reported the action item as done",
            "action_item.verified": "verified that it is done",
            "action_item.reopened": "opened the action item again",
            "action_item.dropped": "dropped the action item",
        }
    )

"""The ticks of this app, by area."""

from incidents.tasks import alerts, escalation, statuspage
from incidents.tasks.roster import roster
from incidents.tasks.runbooks import runbook_links

__all__ = [
    "alerts",
    "escalation",
    "roster",
    "runbook_links",
    "statuspage",
]

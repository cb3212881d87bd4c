"""The ticks of this app, by area."""

from incidents.tasks import statuspage
from incidents.tasks.runbooks import runbook_links

__all__ = [
    "runbook_links",
    "statuspage",
]

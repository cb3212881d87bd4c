"""The back office of this app, by area."""

from incidents.admin import learning, oncall, response, runbooks, statuspage

__all__ = ["learning", "oncall", "response", "runbooks", "statuspage"]
from incidents.admin import escalation, learning, oncall, runbooks, statuspage

__all__ = ["escalation", "learning", "oncall", "runbooks", "statuspage"]

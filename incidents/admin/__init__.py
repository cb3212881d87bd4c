"""The back office of this app, by area."""

from incidents.admin import escalation, learning, oncall, response, runbooks, statuspage

__all__ = ["escalation", "learning", "oncall", "response", "runbooks", "statuspage"]

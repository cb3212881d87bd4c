"""The back office of this app, by area."""

from incidents.admin import alerts, escalation, learning, oncall, response, roster, runbooks, statuspage

__all__ = ["alerts", "escalation", "learning", "oncall", "response", "roster", "runbooks", "statuspage"]

"""The back office of this app, by area."""

from incidents.admin import learning, oncall, runbooks, statuspage

__all__ = ["learning", "oncall", "runbooks", "statuspage"]

"""The back office of this app, by area."""

from incidents.admin import runbooks, statuspage

__all__ = ["runbooks", "statuspage"]

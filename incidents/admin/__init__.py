"""The back office of this app, by area."""

from incidents.admin import learning, runbooks, statuspage

__all__ = ["learning", "runbooks", "statuspage"]

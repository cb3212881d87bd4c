"""The back office of this app, by area."""

from incidents.admin.runbooks import RunbookAdmin

__all__ = ["RunbookAdmin"]

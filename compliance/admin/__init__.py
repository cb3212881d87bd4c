"""The back office, by area."""

from compliance.admin import core, measures

__all__ = ["core", "measures"]

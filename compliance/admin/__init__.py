"""The back office, by area."""

from compliance.admin import core, governance, measures

__all__ = ["core", "governance", "measures"]
from compliance.admin import controls, policies

__all__ = ["controls", "core", "measures", "policies"]
from compliance.admin import audits

__all__ = ["audits", "core", "measures"]

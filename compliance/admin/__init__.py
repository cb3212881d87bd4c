"""The back office, by area."""

from compliance.admin import audits, controls, core, governance, measures, policies, recovery

__all__ = ["audits", "controls", "core", "governance", "measures", "policies", "recovery"]

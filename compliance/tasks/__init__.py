"""The ticks of this app, by area."""

from compliance.tasks import controls, core, policies

__all__ = ["controls", "core", "policies"]

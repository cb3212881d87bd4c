"""The ticks of this app, by area."""

from compliance.tasks import core

__all__ = ["core"]

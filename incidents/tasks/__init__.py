"""The ticks of this app, by area."""

from incidents.tasks import statuspage

__all__ = ["statuspage"]

"""The ticks of this app, by area."""

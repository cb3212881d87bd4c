"""The back office of this app, by area."""

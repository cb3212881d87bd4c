"""The back office, by area."""

"""Writes on alerts: taken in, routed, and where they come from."""

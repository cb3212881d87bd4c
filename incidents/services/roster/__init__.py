"""Writes of the people's side of on-call."""

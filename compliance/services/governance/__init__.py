"""Writes of governance, by what they are about."""

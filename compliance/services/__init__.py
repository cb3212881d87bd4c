"""Writes, by area."""

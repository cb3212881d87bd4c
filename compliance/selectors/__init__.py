"""Reads that more than one place needs, by area."""

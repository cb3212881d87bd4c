"""Writes on incidents themselves: declared, acknowledged, worked on, resolved."""

"""Writes of measurements and of what is promised of them."""

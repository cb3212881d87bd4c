"""Reads of measurements."""

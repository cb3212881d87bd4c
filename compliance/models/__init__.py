"""Data of compliance, by area."""

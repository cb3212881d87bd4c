"""Writes about runbooks and their runs."""

"""Writes about frameworks, controls, evidence and exceptions."""
